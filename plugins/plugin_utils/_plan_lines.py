"""Turns task results of a check run into the lines of a plan. Pure: no display, no files."""

from __future__ import annotations

import dataclasses
import typing as t

from . import _check_mode, _planning, _redaction

SIGNS: t.Final = {
    _planning.CREATE: "+",
    _planning.UPDATE: "~",
    _planning.DELETE: "-",
    _planning.UNPLANNABLE: "!",
}
HIDDEN: t.Final = "hidden by no_log"

_IDENTIFIERS: t.Final = (
    "name",
    "resource_name",
    "release_name",
    "domain_name",
    "template_name",
    "record",
    "zone",
    "alias",
    "log_group_name",
    "db_instance_identifier",
    "replication_group_id",
    "iam_name",
    "policy_name",
    "principal_arn",
    "service_account",
    "service",
    "cidr",
    "path",
    "dest",
    "vpc_id",
)
_LONG: t.Final = 48
_SHOWN: t.Final = 6


@dataclasses.dataclass(frozen=True)
class Line:
    """One resource of the plan."""

    action: str
    """create, update, delete or unplannable."""
    component: str
    """Short name of the role, ``playbook`` outside of roles."""
    kind: str
    """Short name of the module, or the kind of the Kubernetes object."""
    name: str
    host: str
    changes: list[dict[str, t.Any]]
    """``{"key", "before", "after"}``, what differs."""
    reason: str = ""

    def text(self) -> str:
        """The line as people read it."""
        # Of a new Kubernetes object the keys say nothing: every one has an apiVersion and a spec.
        whole_object = self.action == _planning.CREATE and any(change["key"] == "apiVersion" for change in self.changes)
        # Nor does the name once more, or what is not known.
        telling = [change for change in self.changes if change["after"] not in (self.name, _planning.PLACEHOLDER)]
        detail = (not whole_object and describe(telling, self.action)) or self.reason
        return f"{SIGNS[self.action]} {self.component:<18} {self.kind} {self.name}{f'  {detail}' if detail else ''}"


def lines_of(result: t.Mapping[str, t.Any], component: str, kind: str, task_name: str, host: str) -> list[Line]:
    """The lines of one task's (or one loop item's) result; none when it changes nothing."""
    resources = result.get("resources")
    if isinstance(resources, list) and all(isinstance(item, dict) and "action" in item for item in resources):
        return [
            Line(
                item["action"],
                component,
                str(item.get("kind", kind)),
                _object_name(item),
                host,
                changes_of(item.get("diff")),
                str(item.get("reason") or ""),
            )
            for item in resources
            if item["action"] in SIGNS
        ]
    action = action_of(result)
    if action not in SIGNS:
        return []
    if result.get("_ansible_no_log") or "censored" in result:
        return [Line(action, component, kind, task_name, host, [], HIDDEN)]
    plan = result.get(_planning.PLAN_KEY)
    reason = str(plan.get("reason", "")) if isinstance(plan, dict) else ""
    if action == _planning.UNPLANNABLE and not reason:
        reason = "the module has no check mode"
    values = result.get("invocation", {}).get("module_args", {})
    return [Line(action, component, kind, name_of(values, task_name), host, changes_of(result.get("diff")), reason)]


def action_of(result: t.Mapping[str, t.Any]) -> str:
    """What the task would do to its object."""
    plan = result.get(_planning.PLAN_KEY)
    if isinstance(plan, dict) and plan.get("action") in {*SIGNS, _planning.NONE}:
        return str(plan["action"])
    if result.get("skipped"):
        unable = _check_mode.NO_SUPPORT.search(str(result.get("msg", "")))
        return _planning.UNPLANNABLE if unable else _planning.NONE
    if not result.get("changed"):
        return _planning.NONE
    values = result.get("invocation", {}).get("module_args", {})
    if _planning.is_absent(values):
        return _planning.DELETE
    diff = result.get("diff")
    if isinstance(diff, dict) and "before" in diff and "after" in diff:
        if not diff["before"] and diff["after"]:
            return _planning.CREATE
        if diff["before"] and not diff["after"]:
            return _planning.DELETE
    return _planning.UPDATE


def name_of(values: t.Mapping[str, t.Any], task_name: str) -> str:
    """What people call the resource."""
    tags = values.get("tags")
    if isinstance(tags, dict) and tags.get("Name") and not values.get("name"):
        return str(tags["Name"])
    for option in _IDENTIFIERS:
        value = values.get(option)
        if isinstance(value, str) and value not in ("", _planning.CENSORED, _planning.PLACEHOLDER):
            return value
    return task_name


def _object_name(item: t.Mapping[str, t.Any]) -> str:
    namespace = item.get("namespace")
    return f"{namespace}/{item.get('name')}" if namespace else str(item.get("name"))


def changes_of(diff: t.Any) -> list[dict[str, t.Any]]:
    """The keys that differ between before and after, those of nested structures with dots between."""
    parts = diff if isinstance(diff, list) else [diff]
    changes: list[dict[str, t.Any]] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        before, after = part.get("before"), part.get("after")
        if isinstance(before, dict) or isinstance(after, dict):
            changes.extend(
                _compare(before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}, "")
            )
        elif before != after:
            changes.append({"key": str(part.get("after_header") or "content"), "before": None, "after": None})
    return changes


def _compare(before: dict[str, t.Any], after: dict[str, t.Any], prefix: str) -> t.Iterator[dict[str, t.Any]]:
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        name = f"{prefix}{key}"
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _compare(old, new, f"{name}.")
        elif _redaction.is_secret(key):
            yield {
                "key": name,
                "before": None if old is None else _redaction.HIDDEN,
                "after": None if new is None else _redaction.HIDDEN,
            }
        else:
            yield {"key": name, "before": _redaction.redact(old), "after": _redaction.redact(new)}


def describe(changes: list[dict[str, t.Any]], action: str) -> str:
    """The changes in a few words: ``version: 1.31 -> 1.32, tags.owner``."""
    if action == _planning.DELETE:
        return ""
    words = []
    for change in changes[:_SHOWN]:
        old, new = _short(change["before"]), _short(change["after"])
        if action == _planning.CREATE:
            words.append(f"{change['key']}={new}" if new else change["key"])
        elif old and new:
            words.append(f"{change['key']}: {old} -> {new}")
        elif change["after"] is None and change["before"] is not None:
            words.append(f"{change['key']} removed")
        elif change["before"] is None and new:
            words.append(f"{change['key']}={new}")
        else:
            words.append(change["key"])
    if len(changes) > _SHOWN:
        words.append(f"and {len(changes) - _SHOWN} more")
    return ", ".join(words)


def _short(value: t.Any) -> str:
    """A scalar or a short list as text, nothing for what is too long to read in a line."""
    if value == _planning.CENSORED:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        text = str(value)
    elif isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        text = f"[{', '.join(str(item) for item in value)}]"
    else:
        return ""
    return text if len(text) <= _LONG and "\n" not in text else ""


def totals(lines: t.Iterable[Line]) -> dict[str, int]:
    """How many to create, update, delete and how many cannot be planned."""
    counts = dict.fromkeys(SIGNS, 0)
    for line in lines:
        counts[line.action] += 1
    return counts


def summary(counts: t.Mapping[str, int]) -> str:
    """The plan's last line."""
    text = (
        f"Plan: {counts[_planning.CREATE]} to create, {counts[_planning.UPDATE]} to change, "
        f"{counts[_planning.DELETE]} to delete."
    )
    unknown = counts[_planning.UNPLANNABLE]
    return f"{text} {unknown} cannot be planned." if unknown else text
