# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that compare requested and existing data stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Status values of DB instances. Every status that is in none of these tables is transient and waited for.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html#Overview.DBInstance.Status
# The engine is available. It is not available during storage-config-upgrade.
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

# Status values that need an intervention: cause and remedy.
STORAGE_FULL = "storage-full"
EVENTS = "see its events (aws rds describe-events --source-type db-instance --source-identifier {name})"
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
        f"it cannot be created with these settings; {EVENTS}",
        "Remove the cause, delete it and run again.",
    ),
    "incompatible-network": (
        "RDS cannot start it in its subnets; all their addresses may be in use",
        "Free addresses; if it does not recover, restore a backup, then delete this one and run again.",
    ),
    "incompatible-option-group": (
        f"its option group can be neither applied nor reverted; {EVENTS}",
        "Assign a compatible option group and run again.",
    ),
    "incompatible-parameters": (
        f"it does not start with its parameter group; {EVENTS}",
        "Revert the parameters, reboot it and run again.",
    ),
    "incompatible-restore": (
        "RDS cannot restore it",
        "Restore from another point in time under another identifier, then delete this one and run again.",
    ),
    "insufficient-capacity": (
        "AWS has insufficient capacity",
        "Delete it and run again some hours later, or with another data_stores_database_instance_class.",
    ),
    "restore-error": (
        f"its restore ended in an error; {EVENTS}",
        "Restore again under another identifier, then delete this one and run again.",
    ),
    "stopped": (
        "it was stopped manually",
        "Start it (aws rds start-db-instance --db-instance-identifier {name}) and run again.",
    ),
    "stopping": (
        "it is being stopped manually",
        "Start it when it has stopped (aws rds start-db-instance --db-instance-identifier {name}) and run again.",
    ),
    STORAGE_FULL: (
        "its storage is full",
        "Raise data_stores_database_allocated_storage and run again with -e data_stores_apply_immediately=true "
        "(RDS changes storage once in six hours).",
    ),
}

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
WITHOUT_SNAPSHOT = frozenset({"failed", "incompatible-network", "incompatible-restore"})


def running_version(wanted: str, found: str) -> str:
    """Return the engine version to request: the running one if it is a release of the wanted one.

    RDS reports the full version (16.4) for a requested 16 and upgrades minor versions automatically. Requesting 16
    again would be a modification each time. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
    under ModifyDBInstance, EngineVersion.
    """
    return found if found == wanted or found.startswith(f"{wanted}.") else wanted


@dataclass(frozen=True)
class State:
    """The operations that a DB instance currently allows."""

    verdict: str
    problem: str = ""
    endpoint: bool = False
    changeable: bool = False
    snapshot: bool = False
    unsaved: str = ""
    locked: str = ""


def database_state(instances: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return the operations that a DB instance currently allows.

    Args:
        instances: `instances` of amazon.aws.rds_instance_info for one identifier.
        name: The identifier, used in messages.

    Returns:
        verdict: `absent`; `usable`; `busy` (transient); `going` (being deleted); or `broken` (needs an intervention).
        problem: Why it is neither usable nor busy, and what to do. Else empty.
        endpoint: Whether it has an endpoint, which amazon.aws.rds_instance needs to modify it.
        changeable: Whether amazon.aws.rds_instance can create or modify it now.
        snapshot: Whether RDS can take a final snapshot.
        unsaved: Why a final snapshot is impossible although there may be data, and what to do. Else empty.
        locked: Why the deletion protection cannot be disabled here, and what to do. Else empty.
    """
    return asdict(_state_of(instances[0], name) if instances else _absent(name))


def _absent(name: str) -> State:
    return State(
        "absent",
        problem=f"RDS database {name} does not exist; run playbooks/data_stores.yml first.",
        changeable=True,
    )


def _state_of(instance: Mapping[str, Any], name: str) -> State:
    status = str(instance.get("db_instance_status"))
    address = instance.get("endpoint") or {}
    endpoint = bool(address.get("port"))
    if status in GOING:
        problem = f"RDS database {name} is {status}: another process is removing it. Run again when it is deleted."
        return State("going", problem=problem, endpoint=endpoint)
    problem = "" if _grows(instance) else _breakage(status, name)
    if problem:
        used = endpoint or bool(instance.get("latest_restorable_time"))
        return State(
            "broken",
            problem=problem,
            endpoint=endpoint,
            # More storage repairs this state. In the other states RDS rejects changes, or they do not help.
            changeable=endpoint and status == STORAGE_FULL,
            snapshot=used and status not in WITHOUT_SNAPSHOT,
            unsaved=_loss(status, name) if used and status in WITHOUT_SNAPSHOT else "",
            locked=_lock(status, name) if instance.get("deletion_protection") and status != STORAGE_FULL else "",
        )
    verdict = "usable" if status in USABLE and address.get("address") else "busy"
    return State(verdict, endpoint=endpoint, changeable=endpoint, snapshot=True)


def _grows(instance: Mapping[str, Any]) -> bool:
    """Whether more storage was requested. The status stays storage-full until RDS starts the change."""
    pending = instance.get("pending_modified_values") or {}
    return instance.get("db_instance_status") == STORAGE_FULL and bool(pending.get("allocated_storage"))


def _breakage(status: str, name: str) -> str:
    """Return the message for a status that needs an intervention, empty for others."""
    if status in BROKEN:
        why, what = BROKEN[status]
    elif status.startswith("incompatible-"):
        why, what = f"RDS cannot continue; {EVENTS}", "Remove the cause and run again."
    else:
        return ""
    return f"RDS database {name} is {status}: {why}. {what}".replace("{name}", name)


def _loss(status: str, name: str) -> str:
    return (
        f"data_stores_database_final_snapshot: RDS database {name} is {status}, in which RDS takes no snapshot, "
        "and its automated backups are deleted too; restore needed data under another identifier, then set it to false "
        "(-e data_stores_database_final_snapshot=false)."
    )


def _lock(status: str, name: str) -> str:
    return (
        f"RDS database {name} is {status} with deletion protection, which cannot be changed in that state. "
        f"Disable it manually (aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection; "
        "start a stopped one first), then run again."
    )


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "database_state": database_state,
            "running_version": running_version,
        }
