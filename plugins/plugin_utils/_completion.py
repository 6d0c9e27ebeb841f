# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the result of a module's own check mode whole: what it leaves out, makes up, or does not say."""

from __future__ import annotations

import re
import typing as t

from . import _planning

_MADE_UP = re.compile(r"[a-z]+-x{8}")


def with_unknown(result: dict[str, t.Any], inputs: _planning.Inputs, unknown: t.Container[str]) -> dict[str, t.Any]:
    """The result for an object that is there, with the unknown inputs as further changes."""
    changes = {name: value for name, value in _planning.wanted(inputs).items() if name in unknown}
    diff = result.get("diff")
    before, after = (diff.get("before"), diff.get("after")) if isinstance(diff, dict) else ({}, {})
    return {
        **result,
        "changed": True,
        "diff": {
            "before": before if isinstance(before, dict) else {},
            "after": {**(after if isinstance(after, dict) else {}), **changes},
        },
        "invocation": {"module_args": inputs.redacted},
        _planning.PLAN_KEY: {"action": _planning.UPDATE, "reason": f"known after apply: {', '.join(changes)}"},
    }


def without_made_up(value: t.Any) -> t.Any:
    """A result with the placeholder where a module makes an identifier up (``rtb-xxxxxxxx``)."""
    if isinstance(value, dict):
        return {name: without_made_up(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_made_up(item) for item in value]
    return _planning.PLACEHOLDER if isinstance(value, str) and _MADE_UP.fullmatch(value) else value


def _is_made_by_aws(name: str) -> bool:
    """Whether a key holds what only AWS can tell: an identifier, or a time."""
    return name.lower() in ("id", "arn") or name.endswith(
        ("_id", "_arn", "_date", "_time", "_at", "Id", "Arn", "Date", "Time", "At")
    )


def _scalars(value: t.Any) -> t.Iterator[t.Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _scalars(item)
    elif value is not None:
        yield value


def _identified(value: t.Any, given: t.Container[t.Any], depth: int = 0) -> bool:
    """Whether a result holds an identifier or a time from AWS: one that is no input and no placeholder."""
    if isinstance(value, list):
        return any(_identified(item, given, depth) for item in value if isinstance(item, dict))
    return any(
        _identified(item, given, depth + 1)
        if isinstance(item, (dict, list)) and depth < 2
        else _is_made_by_aws(str(name)) and isinstance(item, str) and bool(item) and item not in given
        for name, item in value.items()
    )


def exists(result: t.Mapping[str, t.Any], inputs: _planning.Inputs) -> bool:
    """Whether the "changed" of a check run is that of an object which is there.

    Its difference tells, where the module gives one. Else an identifier or a time does: modules that stop before they
    create cannot return any (``ec2_vpc_subnet`` returns an empty dictionary, ``ec2_vpc_net`` no ``vpc`` at all).
    """
    diff = result.get("diff")
    if isinstance(diff, dict) and (diff.get("before") or diff.get("after")):
        return bool(diff.get("before"))
    told = {name: value for name, value in result.items() if name not in _planning.NOT_RESULTS}
    return _identified(told, {_planning.PLACEHOLDER, *_scalars(inputs.values)})


def fill(found: t.Any, built: t.Any) -> t.Any:
    """Add to a result what it should have and has not."""
    if found is None or (found in ({}, "") and built not in ({}, "")):
        return built
    if isinstance(found, dict) and isinstance(built, dict):
        return {**{key: value for key, value in built.items() if key not in found}, **found}
    return found


def complete(
    result: dict[str, t.Any], inputs: _planning.Inputs, returns: dict[str, t.Any], short_name: str
) -> dict[str, t.Any]:
    """Give the "changed" of a check run the documented keys that the module left out, and say what it is."""
    completed = dict(result)
    for key, value in _planning.build(returns, inputs.public(), short_name).items():
        completed[key] = fill(result.get(key), value)
    if _planning.PLAN_KEY not in result and not exists(result, inputs):
        completed.setdefault("diff", {"before": {}, "after": _planning.wanted(inputs)})
        completed[_planning.PLAN_KEY] = {"action": _planning.CREATE, "reason": "it does not exist"}
    return completed
