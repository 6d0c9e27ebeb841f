# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a replication group: the wanted options, the comparison, the actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    ResourceError,
    Wanted,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.actions import (
    SETTINGS,
    ChangeNodeType,
    ChangeReplicaCount,
    CreateReplicationGroup,
    DeleteReplicationGroup,
    ModifySettings,
    UpdateAuthToken,
    UpgradeEngine,
)

# The options of a create, beside SETTINGS, and AWS's names for them.
CREATE_ONLY = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "node_type": "CacheNodeType",
    "num_cache_clusters": "NumCacheClusters",
    "transit_encryption": "TransitEncryptionEnabled",
    "at_rest_encryption": "AtRestEncryptionEnabled",
    "kms_key_id": "KmsKeyId",
    "subnet_group_name": "CacheSubnetGroupName",
    "port": "Port",
}
IMMUTABLE = ("transit_encryption", "at_rest_encryption", "kms_key_id", "subnet_group_name", "port")
OPTIONS = (*SETTINGS, *CREATE_ONLY)


@dataclass(frozen=True)
class WantedReplicationGroup(Wanted):
    """`options` holds only the options that the task sets."""

    group_id: str
    options: dict[str, Any] = field(default_factory=dict)
    auth_token: str | None = field(default=None, repr=False)
    update_auth_token: bool = False
    auth_token_update_strategy: str = "rotate_then_set"  # noqa: S105 - a choice, no token
    apply_immediately: bool = True
    final_snapshot_identifier: str | None = None

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedReplicationGroup:
        options = {key: params[key] for key in OPTIONS if params.get(key) is not None}
        if "security_group_ids" in options:
            options["security_group_ids"] = sorted(set(options["security_group_ids"]))
        return super().from_params({**params, "group_id": params["replication_group_id"], "options": options})


def replication_group_view(found: dict[str, Any]) -> dict[str, Any]:
    """The managed part of a description, under the module's names."""
    keys = sorted(set(OPTIONS))
    return {
        "replication_group_id": found.get("replication_group_id"),
        **{key: found.get(key) for key in keys},
        "auth_token_enabled": bool(found.get("auth_token_enabled")),
        "tags": found.get("tags") or {},
    }


def same_version(wanted: str, found: str) -> bool:
    """ "7.1" equals "7.1.0": AWS accepts major.minor and returns the patch level. "6.x" is any 6."""
    want = [part for part in wanted.split(".") if part != "x"]
    return found.split(".")[: len(want)] == want


def older(wanted: str, found: str) -> bool:
    """Whether `wanted` is a lower version. Compares the numbers only."""
    want = [int(part) for part in wanted.split(".") if part.isdigit()]
    have = [int(part) for part in found.split(".") if part.isdigit()]
    return want < have[: len(want)]


def creation(wanted: WantedReplicationGroup) -> CreateReplicationGroup:
    """The create call. Raises ResourceError when something that only the user can know is missing."""
    missing = [key for key in ("description", "engine", "node_type") if key not in wanted.options]
    if missing:
        raise ResourceError(
            f"replication group {wanted.group_id} does not exist; to create it give {', '.join(missing)}"
        )
    if wanted.auth_token and not wanted.options.get("transit_encryption"):
        raise ResourceError(f"replication group {wanted.group_id}: auth_token needs transit_encryption: true")
    names = {**SETTINGS, **CREATE_ONLY}
    parameters: dict[str, Any] = {names[key]: value for key, value in wanted.options.items()}
    if wanted.auth_token:
        parameters["AuthToken"] = wanted.auth_token
    if wanted.tags:
        parameters["Tags"] = ansible_dict_to_boto3_tag_list(wanted.tags)
    return CreateReplicationGroup(wanted.group_id, parameters, {**wanted.options, "tags": wanted.tags or {}})


def refuse_impossible(wanted: WantedReplicationGroup, found: dict[str, Any]) -> None:
    """Raise ResourceError naming what a group keeps for life."""
    differing = []
    for option in IMMUTABLE:
        want, have = wanted.options.get(option), found.get(option)
        if want is None or have is None or want == have:
            continue
        if option == "kms_key_id" and str(have).endswith(f"/{want}"):
            continue  # the id of the ARN
        differing.append(f"{option} (is {have}, wanted {want})")
    if wanted.options.get("engine") == "redis" and found.get("engine") == "valkey":
        differing.append("engine (is valkey, wanted redis)")
    if differing:
        raise ResourceError(
            f"replication group {wanted.group_id}: ElastiCache cannot change {', '.join(differing)}. "
            "Make a group under another name from a snapshot of this one, move the application, then remove this one."
        )


def plan_engine(wanted: WantedReplicationGroup, found: dict[str, Any]) -> list[Action]:
    """Upgrades only. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.html"""
    changes: dict[str, Any] = {}
    engine, version = wanted.options.get("engine"), wanted.options.get("engine_version")
    if engine is not None and found.get("engine") and engine != found["engine"]:
        changes["engine"] = engine
    have = found.get("engine_version")
    if version is not None and have and not same_version(version, have):
        if older(version, have) and not changes:
            raise ResourceError(
                f"replication group {wanted.group_id} runs {found.get('engine')} {have}; ElastiCache "
                f"cannot go down to {version}."
            )
        changes["engine_version"] = version
    elif changes and version is not None:
        changes["engine_version"] = version
    return [UpgradeEngine(changes, wanted.apply_immediately)] if changes else []


def plan_token(wanted: WantedReplicationGroup, found: dict[str, Any]) -> list[Action]:
    """A token cannot be read back, so it is only touched on request (update_auth_token)."""
    if not wanted.update_auth_token:
        return []
    if not wanted.auth_token:
        raise ResourceError(f"replication group {wanted.group_id}: update_auth_token needs auth_token")
    strategies = {"rotate": ("ROTATE",), "set": ("SET",), "rotate_then_set": ("ROTATE", "SET")}
    return [UpdateAuthToken(strategy, wanted.auth_token) for strategy in strategies[wanted.auth_token_update_strategy]]


def plan(wanted: WantedReplicationGroup, found: Found) -> list[Action]:
    """The actions from found to wanted."""
    if found is None:
        return [] if wanted.state == "absent" else [creation(wanted)]
    if wanted.state == "absent":
        return [DeleteReplicationGroup(wanted.group_id, final_snapshot=wanted.final_snapshot_identifier)]
    if found.get("status") == "create-failed":
        raise ResourceError(
            f"replication group {wanted.group_id} is create-failed. Remove it (state: absent), look at "
            "the ElastiCache events for the cause, and run again."
        )
    refuse_impossible(wanted, found)
    changes = {
        key: wanted.options[key]
        for key in SETTINGS
        if key in wanted.options and found.get(key) is not None and wanted.options[key] != found[key]
    }
    nodes, has_nodes = wanted.options.get("num_cache_clusters"), found.get("num_cache_clusters")
    count: list[Action] = []
    if nodes is not None and has_nodes and nodes != has_nodes:
        count = [ChangeReplicaCount(has_nodes, nodes)]
    settings: list[Action] = [ModifySettings(changes, wanted.apply_immediately)] if changes else []
    # failover needs a replica: replicas come before it is turned on and go after it is turned off
    growing = (nodes or 0) > (has_nodes or 0)
    actions = plan_tags(wanted, found)
    actions += count + settings if growing else settings + count
    node_type = wanted.options.get("node_type")
    if node_type is not None and found.get("node_type") and node_type != found["node_type"]:
        actions.append(ChangeNodeType({"node_type": node_type}, wanted.apply_immediately))
    return actions + plan_engine(wanted, found) + plan_token(wanted, found)
