"""Transfers health check results from the data plane to DescribeTargetHealth of the emulated ELBv2.

The data plane writes a file (`write`), which the account process reads (`install`). The module imports only the
standard library at the top, because both processes import it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from flaskops_sandbox.instance import Instance

FILE_NAME = "target-health.json"

# The data plane writes the file about every second. If it is older than this, health checks have stopped and its
# content is no longer valid.
STALE_AFTER = 15.0


class Entry(TypedDict):
    """One target as DescribeTargetHealth shows it."""

    id: str
    port: int
    state: str
    reason: str | None
    description: str | None


def write(path: Path, groups: Mapping[str, Iterable[Entry]]) -> None:
    """Replace the file in one step, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({arn: list(entries) for arn, entries in groups.items()}), encoding="utf-8")
    temporary.replace(path)


def read(path: Path, now: float | None = None) -> dict[str, list[Entry]]:
    """Return the last report of the data plane; empty if there is none or it is stale."""
    try:
        age = (time.time() if now is None else now) - path.stat().st_mtime
        if age > STALE_AFTER:
            return {}
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _entry(target: tuple[str, int], state: str, reason: str, description: str) -> Entry:
    return Entry(id=target[0], port=target[1], state=state, reason=reason, description=description)


def answer(
    registered: Iterable[tuple[str, int]],
    leaving: Iterable[tuple[str, int]],
    entries: Iterable[Entry],
    asked: Iterable[tuple[str, int | None]] = (),
) -> list[Entry]:
    """DescribeTargetHealth's answer.

    `registered` and `leaving` (deregistered, perhaps still draining) come from the account, which is always up to
    date; `entries` come from the data plane, which lags by up to a poll. `asked` restricts the answer, and what is
    asked for but not registered is answered as `unused`, Target.NotRegistered.
    """
    known = {(entry["id"], entry["port"]): entry for entry in entries}
    shown: dict[tuple[str, int], Entry] = {}
    for target in registered:
        entry = known.get(target)
        if entry is None or entry["state"] == "draining":  # just registered, or registered anew while draining
            entry = _entry(target, "initial", "Elb.RegistrationInProgress", "Target registration is in progress")
        shown[target] = entry
    for target in leaving:
        if target in known and target not in shown:
            shown[target] = _entry(
                target, "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
            )
    wanted = list(asked)
    if not wanted:
        return list(shown.values())
    answered: list[Entry] = []
    for target_id, port in wanted:
        found = [entry for (known_id, known_port), entry in shown.items()
                 if known_id == target_id and port in (None, known_port)]  # fmt: skip
        answered += found or [
            _entry(
                (target_id, port or 0),
                "unused",
                "Target.NotRegistered",
                "Target is not registered to the target group",
            )
        ]
    return answered


def install(instance: Instance) -> None:
    """Let moto's DescribeTargetHealth, in this process, answer from the data plane of `instance`."""
    from moto.elbv2.exceptions import TargetGroupNotFoundError
    from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

    path = instance.run_dir / FILE_NAME

    def describe_target_health(
        self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        group = self.target_groups.get(target_group_arn)
        if group is None:
            raise TargetGroupNotFoundError()

        def keys(stored: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
            return [(item["Id"], int(item["Port"])) for item in stored]

        asked = [(item["Id"], int(item["Port"]) if item.get("Port") else None) for item in targets or []]
        found = answer(
            keys(group.targets.values()),
            keys([*group.deregistered_targets.values(), *group.terminated_targets.values()]),
            read(path).get(target_group_arn, []),
            asked,
        )
        return [
            FakeHealthStatus(
                entry["id"],
                str(entry["port"] or group.port),
                str(entry["port"] if group.health_check_port == "traffic-port" else group.health_check_port),
                entry["state"],
                entry["reason"],
                entry["description"],
            )
            for entry in found
        ]

    ELBv2Backend.describe_target_health = describe_target_health  # type: ignore[method-assign]
