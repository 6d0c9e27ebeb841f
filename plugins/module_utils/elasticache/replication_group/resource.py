# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication group (Redis or Valkey with replicas): its calls.

https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
"""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    Found,
    RemoveTags,
    SetTags,
    changed_copy,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Resource
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.plan import (
    WantedReplicationGroup,
    plan,
    replication_group_view,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


def described(group: dict[str, Any], member: Found, tags: dict[str, str] | None) -> dict[str, Any]:
    """A group, one of its members and its tags as one description under the module's names.

    ElastiCache returns version, subnet group, security groups and windows only with the members. A missing value
    is None, also the tags of a group that is being created or changed. Values that wait for the maintenance window
    count as found, because they were requested already.
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
