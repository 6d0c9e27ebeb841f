# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters between the data stores and secrets that are wanted and those that are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils._unknown import is_unknown

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
        "Raise data_stores_database_allocated_storage and run again (RDS changes storage once in six hours).",
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
        return State(
            "broken",
            problem=problem,
            endpoint=endpoint,
            # More storage is what it needs; in any other of these states RDS takes no change, or it does not help.
            changeable=endpoint and status == STORAGE_FULL,
            snapshot=endpoint and status not in WITHOUT_SNAPSHOT,
            unsaved=_loss(status, name) if endpoint or instance.get("latest_restorable_time") else "",
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
    if status not in WITHOUT_SNAPSHOT:
        return ""
    return (
        f"data_stores_database_final_snapshot: RDS database {name} is {status}, and RDS takes no snapshot of that; "
        "its automated backups go with it. Restore what is needed under another identifier first, then set it to false "
        "(-e data_stores_database_final_snapshot=false)."
    )


def described_secrets(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Name and tags of the secrets that the loop found and described.

    Args:
        results: Results of a loop over names that asked community.aws.secretsmanager_secret in check mode.
    """
    return [
        {"name": result["item"], "tags": dict(result["secret"].get("tags_dict") or {})}
        for result in results
        if _is_described(result)
    ]


def undescribed_secrets(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of which the same loop learnt nothing: nothing is there, or the module would change what is."""
    return [result["item"] for result in results if not _is_described(result)]


def _is_described(result: Mapping[str, Any]) -> bool:
    """Whether the module has returned a secret, and not what a plan fills in for one that it did not return."""
    secret = result.get("secret")
    arn = secret.get("arn") if isinstance(secret, Mapping) else None
    return bool(arn) and not is_unknown(arn)


def hidden_secrets(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Refuse secrets that are there, but whose tags cannot be known.

    Args:
        results: Results of a loop over `undescribed_secrets` that asked in check mode to remove them. Of what is not
            there, or waits for its deletion already, the module says so in `secret`; of the others it says nothing.

    Returns:
        One sentence for each: why, what to do.
    """
    return [
        f"secret {result['item']} exists, and its rotation or resource policy, which nothing here has set, keeps its "
        "tags from being read: take both from it if it is this environment's own (aws secretsmanager "
        "cancel-rotate-secret, delete-resource-policy), or choose another secrets_prefix."
        for result in results
        if not result.get("secret")
    ]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "database_state": database_state,
            "described_secrets": described_secrets,
            "hidden_secrets": hidden_secrets,
            "running_version": running_version,
            "undescribed_secrets": undescribed_secrets,
        }
