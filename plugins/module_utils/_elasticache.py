# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication group (Redis or Valkey with replicas): wanted, plan, resource.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.flaskops.eks.plugins.module_utils._elasticache_actions import (
    SETTINGS,
    ChangeNodeType,
    ChangeReplicaCount,
    CreateReplicationGroup,
    DeleteReplicationGroup,
    ModifySettings,
    UpdateAuthToken,
    UpgradeEngine,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    Found,
    RemoveTags,
    ResourceError,
    SetTags,
    Wanted,
    changed_copy,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Resource
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

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
    """`options` holds only what is mentioned."""

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


def described(group: dict[str, Any], member: Found, tags: dict[str, str] | None) -> dict[str, Any]:
    """A group, one of its members and its tags as one description under the module's names.

    ElastiCache tells version, subnet group, security groups and windows only with the members. What AWS does not tell
    is None, also the tags of a group that is being made or changed. Values that wait for the maintenance window count
    as found: they have been asked for already.
    """
    member = member or {}
    pending = {**(member.get("pending_modified_values") or {}), **(group.get("pending_modified_values") or {})}
    shard = (group.get("node_groups") or [{}])[0]
    endpoint = group.get("configuration_endpoint") or shard.get("primary_endpoint") or {}
    groups = member.get("security_groups")
    found = dict(group)
    found.update(
        automatic_failover=(pending.get("automatic_failover_status") or group.get("automatic_failover"))
        in ("enabled", "enabling"),
        multi_az=group.get("multi_az") == "enabled",
        security_group_ids=None if groups is None else sorted(entry["security_group_id"] for entry in groups),
        preferred_maintenance_window=member.get("preferred_maintenance_window"),
        parameter_group_name=(member.get("cache_parameter_group") or {}).get("cache_parameter_group_name"),
        subnet_group_name=member.get("cache_subnet_group_name"),
        engine=group.get("engine") or member.get("engine"),
        engine_version=pending.get("engine_version") or member.get("engine_version"),
        node_type=pending.get("cache_node_type") or group.get("cache_node_type"),
        num_cache_clusters=len(group.get("member_clusters") or []),
        transit_encryption=bool(group.get("transit_encryption_enabled")),
        at_rest_encryption=bool(group.get("at_rest_encryption_enabled")),
        port=endpoint.get("port"),
        primary_endpoint={"address": endpoint.get("address"), "port": endpoint.get("port")},
        reader_endpoint=shard.get("reader_endpoint") or {"address": None, "port": None},
        tags=tags,
    )
    return found


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
    """ "7.1" is what "7.1.0" runs; AWS takes major.minor and tells the patch level. "6.x" is any 6."""
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


class ReplicationGroup(Resource):
    kind = "replication group"
    result_key = "replication_group"
    busy_states = frozenset({"creating", "modifying", "snapshotting"})
    deleting_states = frozenset({"deleting"})
    failed_states = frozenset({"create-failed"})

    def __init__(self, api: AwsApi, wanted: WantedReplicationGroup, timeout: float) -> None:
        super().__init__(wanted.group_id, timeout, wanted.tags)
        self.api = api
        self.wanted = wanted
        self.arn: str | None = None

    def describe(self) -> Found:
        groups = self.api.listing(
            "describe_replication_groups", "ReplicationGroups", "Marker", ReplicationGroupId=self.name
        )
        if not groups:
            return None
        group = snake(groups[0])
        self.arn = group.get("arn")
        member: Found = None
        # a group that is going has no details worth a call, and its members vanish one by one
        if group.get("member_clusters") and group.get("status") not in self.deleting_states:
            members = self.api.listing(
                "describe_cache_clusters", "CacheClusters", "Marker", CacheClusterId=group["member_clusters"][0]
            )
            member = snake(members[0]) if members else None
        return described(group, member, self._tags() if group.get("status") == "available" else None)

    def _tags(self) -> dict[str, str]:
        """Asked in no other state: ListTagsForResource then answers InvalidReplicationGroupState."""
        answer = self.api.ask("list_tags_for_resource", ResourceName=self.arn)
        return dict(boto3_tag_list_to_ansible_dict((answer or {}).get("TagList") or []))

    def apply(self, action: Action) -> None:
        if isinstance(action, SetTags):
            self.api.change(
                "add_tags_to_resource", ResourceName=self.arn, Tags=ansible_dict_to_boto3_tag_list(action.tags)
            )
        elif isinstance(action, RemoveTags):
            self.api.change("remove_tags_from_resource", ResourceName=self.arn, TagKeys=list(action.keys))
        elif isinstance(action, ApiAction):
            self.api.change(action.operation, ReplicationGroupId=self.name, **action.request())
        else:
            raise TypeError(f"unknown action {action!r}")

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return replication_group_view(found)

    def complete(self, found: dict[str, Any]) -> dict[str, Any]:
        found = changed_copy(found)
        for key in ("primary_endpoint", "reader_endpoint"):
            endpoint = found.get(key) or {}
            found[key] = {"address": endpoint.get("address") or UNKNOWN, "port": endpoint.get("port") or UNKNOWN}
        return found
