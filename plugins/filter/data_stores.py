# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters between the data stores that are wanted and those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# What RDS says of a DB instance. Whatever is in none of these tables is on its way and is waited for.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
# Its engine answers. Not storage-config-upgrade: there it does not.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.UpgradeFileSystem.html
USABLE = frozenset(
    {
        "available",
        "backing-up",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "storage-initialization",
        "storage-optimization",
    }
)

GOING = frozenset({"delete-precheck", "deleting"})

# No waiting helps: why, and what to do.
STORAGE_FULL = "storage-full"
EVENTS = "its events tell why (aws rds describe-events --source-type db-instance --source-identifier {name})"
BROKEN = {
    "failed": (
        f"RDS cannot recover it; {EVENTS}",
        "Restore it under another identifier if its data is needed, then delete it and run again.",
    ),
    "inaccessible-encryption-credentials": (
        "its KMS key could not be used for too long",
        "Make the key usable, restore a backup under another identifier, then delete this one and run again.",
    ),
    "inaccessible-encryption-credentials-recoverable": (
        "its KMS key cannot be used",
        "Make the key usable, start it (aws rds start-db-instance --db-instance-identifier {name}) and run again.",
    ),
    "incompatible-create": (
        f"it cannot be made as it was asked for; {EVENTS}",
        "Remove the cause, delete it and run again.",
    ),
    "incompatible-network": (
        "RDS cannot bring it up in its subnets; all their addresses may be in use",
        "Make room there; if it does not come back by itself, restore a backup, then delete this one and run again.",
    ),
    "incompatible-option-group": (
        f"its option group cannot be applied, nor taken back; {EVENTS}",
        "Give it an option group that fits and run again.",
    ),
    "incompatible-parameters": (
        f"it does not start with its parameter group; {EVENTS}",
        "Take the parameters back, reboot it and run again.",
    ),
    "incompatible-restore": (
        "RDS cannot restore it",
        "Restore from another point in time under another identifier, then delete this one and run again.",
    ),
    "insufficient-capacity": (
        "AWS has no room for it now",
        "Delete it and run again some hours later, or with another data_stores_database_instance_class.",
    ),
    "restore-error": (
        f"its restore ended in an error; {EVENTS}",
        "Restore again under another identifier, then delete this one and run again.",
    ),
    "stopped": (
        "somebody has stopped it",
        "Start it (aws rds start-db-instance --db-instance-identifier {name}) and run again.",
    ),
    "stopping": (
        "somebody is stopping it",
        "Start it when it has stopped (aws rds start-db-instance --db-instance-identifier {name}) and run again.",
    ),
    STORAGE_FULL: (
        "its storage is used up",
        "Raise data_stores_database_allocated_storage and run again with -e data_stores_apply_immediately=true "
        "(RDS changes storage once in six hours).",
    ),
}

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
WITHOUT_SNAPSHOT = frozenset({"failed", "incompatible-network", "incompatible-restore"})


def running_version(wanted: str, found: str) -> str:
    """The engine version to ask for: the running one as long as it is a release of the wanted one.

    RDS reports the full version (16.4) where 16 was asked for, and moves on by itself between minor versions; asking
    for 16 again would be a modification each time. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
    under ModifyDBInstance, EngineVersion.
    """
    return found if found == wanted or found.startswith(f"{wanted}.") else wanted


@dataclass(frozen=True)
class State:
    """What can be done with a DB instance now."""

    verdict: str
    problem: str = ""
    endpoint: bool = False
    changeable: bool = False
    snapshot: bool = False
    unsaved: str = ""
    locked: str = ""


def database_state(instances: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Tell what can be done with a DB instance now.

    Args:
        instances: `instances` of amazon.aws.rds_instance_info, asked for one identifier.
        name: The identifier, for the sentences.

    Returns:
        verdict: `absent`; `usable`; `busy` (wait, it comes); `going`; or `broken` (no waiting helps).
        problem: Why it is neither usable nor busy, and what to do. Else empty.
        endpoint: Whether it has one. amazon.aws.rds_instance reads it of whatever it modifies.
        changeable: Whether amazon.aws.rds_instance can create or modify it now.
        snapshot: Whether RDS can take a last snapshot of it.
        unsaved: Why it cannot, though there may be data in it, and what to do. Else empty.
        locked: Why its deletion protection cannot be lifted here, and what to do. Else empty.
    """
    return asdict(_state_of(instances[0], name) if instances else _absent(name))


def _absent(name: str) -> State:
    return State(
        "absent",
        problem=f"RDS database {name} is not there any more: somebody has removed it. Find out who, then run again.",
        changeable=True,
    )


def _state_of(instance: Mapping[str, Any], name: str) -> State:
    status = str(instance.get("db_instance_status"))
    address = instance.get("endpoint") or {}
    endpoint = bool(address.get("port"))
    if status in GOING:
        problem = f"RDS database {name} is {status}: somebody is removing it. Run again when it is gone."
        return State("going", problem=problem, endpoint=endpoint)
    problem = "" if _grows(instance) else _breakage(status, name)
    if problem:
        used = endpoint or bool(instance.get("latest_restorable_time"))
        return State(
            "broken",
            problem=problem,
            endpoint=endpoint,
            # More storage is what it needs; in any other of these states RDS takes no change, or it does not help.
            changeable=endpoint and status == STORAGE_FULL,
            snapshot=used and status not in WITHOUT_SNAPSHOT,
            unsaved=_loss(status, name) if used and status in WITHOUT_SNAPSHOT else "",
            locked=_lock(status, name) if instance.get("deletion_protection") and status != STORAGE_FULL else "",
        )
    verdict = "usable" if status in USABLE and address.get("address") else "busy"
    return State(verdict, endpoint=endpoint, changeable=endpoint, snapshot=True)


def _grows(instance: Mapping[str, Any]) -> bool:
    """Whether more storage has been asked for: what is full stays so until RDS begins."""
    pending = instance.get("pending_modified_values") or {}
    return instance.get("db_instance_status") == STORAGE_FULL and bool(pending.get("allocated_storage"))


def _breakage(status: str, name: str) -> str:
    """The sentence on a status after which nothing comes by itself, empty for any other."""
    if status in BROKEN:
        why, what = BROKEN[status]
    elif status.startswith("incompatible-"):
        why, what = f"RDS cannot go on with it; {EVENTS}", "Remove the cause and run again."
    else:
        return ""
    return f"RDS database {name} is {status}: {why}. {what}".replace("{name}", name)


def _loss(status: str, name: str) -> str:
    return (
        f"data_stores_database_final_snapshot: RDS database {name} is {status}, and RDS takes no snapshot of that; "
        "its automated backups go with it. Restore what is needed under another identifier first, then set it to false "
        "(-e data_stores_database_final_snapshot=false)."
    )


def _lock(status: str, name: str) -> str:
    return (
        f"RDS database {name} is {status} with its deletion protection on, and RDS takes few changes in that state. "
        f"Lift it by hand (aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection; "
        "start a stopped one first), then run again."
    )


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "database_state": database_state,
            "running_version": running_version,
        }
