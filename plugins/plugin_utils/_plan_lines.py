# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

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
    _planning.KEPT: "!",
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
    "public_ip",
    "path",
    "dest",
    "vpc_endpoint_id",
    "nat_gateway_id",
    "route_table_id",
    "group_id",
    "eni_id",
    "key_id",
    "vpc_id",
)
_LONG: t.Final = 48
_SHOWN: t.Final = 6


@dataclasses.dataclass(frozen=True)
class Line:
    """One resource of the plan."""

    action: str
    """create, update, delete, unplannable or kept."""
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


def lines_of(
    result: t.Mapping[str, t.Any],
    component: str,
    kind: str,
    task_name: str,
    host: str,
    hidden: t.Sequence[str] = (),
) -> list[Line]:
    """The lines of one task's (or one loop item's) result; none when it changes nothing.

    ``hidden`` are the actions that the worker told of a result which no_log censors.
    """
    if result.get("_ansible_no_log") or "censored" in result:
        return [
            Line(action, component, kind, task_name, host, [], HIDDEN)
            for action in hidden or [action_of(result)]
            if _counts(action, result)
        ]
    if resources := resources_of(result):
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
            if _counts(item["action"], result)
        ]
    action = action_of(result)
    if not _counts(action, result):
        return []
    plan = result.get(_planning.PLAN_KEY)
    reason = str(plan.get("reason", "")) if isinstance(plan, dict) else ""
    if action == _planning.UNPLANNABLE and not reason:
        reason = "the module has no check mode"
    name = name_of(options_of(result), task_name)
    return [Line(action, component, kind, name, host, changes_of(result.get("diff")), reason)]


def hidden_actions(result: t.Mapping[str, t.Any]) -> list[str]:
    """What the plan must know of a result before no_log censors it: actions, no name and no value."""
    return [line.action for line in lines_of(result, "", "", "", "")]


def _counts(action: str, result: t.Mapping[str, t.Any]) -> bool:
    """Whether an action belongs into the plan: ``changed_when`` has the last word on what changes."""
    always = action in {_planning.UNPLANNABLE, _planning.KEPT}
    return always or (action in SIGNS and bool(result.get("changed")))


def resources_of(result: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The resources that an action lists by itself (``RESOURCES_KEY``), empty for any other result."""
    found = result.get(_planning.RESOURCES_KEY)
    told = isinstance(found, list) and all(isinstance(item, dict) and _is_action(item.get("action")) for item in found)
    return t.cast("list[dict[str, t.Any]]", found) if told else []


def _is_action(value: t.Any) -> bool:
    return isinstance(value, str) and (value in SIGNS or value == _planning.NONE)


def options_of(result: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The module's options as it reports them, secrets censored."""
    invocation = result.get("invocation")
    values = invocation.get("module_args") if isinstance(invocation, dict) else None
    return values if isinstance(values, dict) else {}


def action_of(result: t.Mapping[str, t.Any]) -> str:
    """What the task would do to its object."""
    plan = result.get(_planning.PLAN_KEY)
    if isinstance(plan, dict) and _is_action(plan.get("action")):
        return str(plan["action"])
    if not result.get("changed"):
        # Callbacks do not see whether a result was skipped; the message contains the reason.
        unable = _check_mode.NO_SUPPORT.search(str(result.get("msg", "")))
        return _planning.UNPLANNABLE if unable else _planning.NONE
    if _planning.is_absent(options_of(result)):
        return _planning.DELETE
    diff = result.get("diff")
    found = {_action_of_part(part) for part in (diff if isinstance(diff, list) else [diff]) if isinstance(part, dict)}
    return found.pop() if len(found) == 1 else _planning.UPDATE


def _action_of_part(diff: dict[str, t.Any]) -> str:
    """What one difference says: an object or a file that was not there, is not there any more, or is another.

    Of a file that is not there ``copy`` and ``template`` give an empty text; of an empty file they also give its path
    as ``before_header``. ``file`` gives states.
    """
    if _is_nothing(diff, "before"):
        return _planning.UPDATE if _is_nothing(diff, "after") else _planning.CREATE
    return _planning.DELETE if "before" in diff and _is_nothing(diff, "after") else _planning.UPDATE


def _is_nothing(diff: dict[str, t.Any], side: str) -> bool:
    value = diff.get(side, ...)
    if isinstance(value, str):
        return not value and f"{side}_header" not in diff
    return not value or (isinstance(value, dict) and value.get("state") == "absent")


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
    """The keys that differ between before and after, those of nested structures with dots between. No secrets."""
    parts = diff if isinstance(diff, list) else [diff]
    changes: list[dict[str, t.Any]] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        before, after = part.get("before"), part.get("after")
        if isinstance(before, dict) or isinstance(after, dict):
            changes.extend(_compare(_Side.of(before), _Side.of(after), ""))
        elif before != after:
            # Do not show file contents. The header of the diff may be a temporary path.
            changes.append({"key": "content", "before": None, "after": None})
    return changes


class _Side(t.NamedTuple):
    """One side of a difference: the values to compare, and the values that may be shown."""

    values: dict[str, t.Any]
    shown: dict[str, t.Any]

    @classmethod
    def of(cls, values: t.Any) -> _Side:
        values = values if isinstance(values, dict) else {}
        return cls(values, _redaction.redact(values))

    def inner(self, key: str) -> _Side:
        shown = self.shown[key]
        return _Side(self.values[key], shown if isinstance(shown, dict) else {})


def _compare(before: _Side, after: _Side, prefix: str) -> t.Iterator[dict[str, t.Any]]:
    for key in {**before.values, **after.values}:
        old, new = before.values.get(key), after.values.get(key)
        name = f"{prefix}{key}"
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _compare(before.inner(key), after.inner(key), f"{name}.")
        else:
            yield {"key": name, "before": before.shown.get(key), "after": after.shown.get(key)}


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
    """A scalar or a short list as text; empty if it is too long for one line."""
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
    """How many to create, update and delete, how many cannot be planned, how many stay though they are not wanted."""
    counts = dict.fromkeys(SIGNS, 0)
    for line in lines:
        counts[line.action] += 1
    return counts


def changes(lines: t.Iterable[Line]) -> int:
    """How many resources a real run would change, or may change because they cannot be planned."""
    counts = totals(lines)
    return sum(counts.values()) - counts[_planning.KEPT]


def summary(counts: t.Mapping[str, int]) -> str:
    """The plan's last line."""
    text = (
        f"Plan: {counts[_planning.CREATE]} to create, {counts[_planning.UPDATE]} to change, "
        f"{counts[_planning.DELETE]} to delete."
    )
    if unknown := counts[_planning.UNPLANNABLE]:
        text += f" {unknown} cannot be planned."
    if kept := counts[_planning.KEPT]:
        text += f" {kept} not removed."
    return text
