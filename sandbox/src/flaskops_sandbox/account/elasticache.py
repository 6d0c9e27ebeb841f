"""ElastiCache with real Redis servers behind replication groups. moto keeps the API state.

One server is primary, reader and every member. Replication and cluster mode are not emulated.
Added to moto 5.2.5: members by NumCacheClusters, their cache clusters, tokens, changes of subnet groups, and deletion.
"""

from __future__ import annotations

import functools
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.elasticache.exceptions import (
    CacheClusterNotFound,
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.processes import Processes
from flaskops_sandbox.account.redis_server import RedisServer
from flaskops_sandbox.instance import Instance

LOG = logging.getLogger(__name__)
ENGINE = "redis"
ENGINE_VERSION = "7.0"
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html: length and characters of a token.
_TOKEN = re.compile(r"[A-Za-z0-9!&#$^<>\-]{16,128}")


class InvalidReplicationGroupState(ElastiCacheException):
    code = "InvalidReplicationGroupState"


class CacheSubnetGroupInUse(ElastiCacheException):
    code = "CacheSubnetGroupInUse"


class Caches:
    """The servers behind the replication groups, by identifier."""

    def __init__(self, instance: Instance, processes: Processes) -> None:
        self.instance = instance
        self.processes = processes
        self.servers: dict[str, RedisServer] = {}

    def create(self, group: ReplicationGroup, auth_token: str | None) -> None:
        """Start a server for a group in the background."""
        server = RedisServer(
            self.instance, self.processes, group.replication_group_id, tls=bool(group.transit_encryption_enabled)
        )
        self.servers[group.replication_group_id] = server
        _set_endpoints(group, server.address, server.port)
        _set_status(group, "creating")

        def run() -> None:
            try:
                server.create(auth_token)
            except Exception:
                LOG.exception("replication group %s could not be started", server.name)
                _set_status(group, "create-failed")
            else:
                _set_status(group, "available")

        threading.Thread(target=run, daemon=True).start()

    def delete(self, backend: ElastiCacheBackend, group: ReplicationGroup) -> None:
        """Stop the server of a group in the background, then remove the group and its members."""

        def run() -> None:
            server = self.servers.pop(group.replication_group_id, None)
            if server is not None:
                server.remove()
            for member in group.member_clusters:
                backend.cache_clusters.pop(member, None)
            backend.replication_groups.pop(group.replication_group_id, None)

        threading.Thread(target=run, daemon=True).start()


def _set_endpoints(group: ReplicationGroup, address: str, port: int) -> None:
    """Set the address of the server in all endpoints."""
    endpoint = {"address": address, "port": port}
    group.port = port
    for shard in group.node_groups:
        shard["primary_endpoint"] = dict(endpoint)
        shard["reader_endpoint"] = dict(endpoint)
        for member in shard["node_group_members"]:
            member["read_endpoint"] = dict(endpoint)


def _set_status(group: ReplicationGroup, status: str) -> None:
    group.status = status
    for shard in group.node_groups:
        shard["status"] = status


def install(extensions: Extensions, instance: Instance, processes: Processes) -> Caches:
    """Run a server for each of moto's replication groups."""
    caches = Caches(instance, processes)
    extensions.replace(ElastiCacheBackend, "create_replication_group", functools.partial(_create, caches))
    extensions.replace(ElastiCacheBackend, "delete_replication_group", functools.partial(_delete, caches))
    extensions.replace(ElastiCacheBackend, "describe_cache_clusters", lambda _: _describe_members)

    def modify_replication_group(self: ElastiCacheResponse) -> ActionResult:
        return ActionResult({"ReplicationGroup": _modify(caches, self)})

    extensions.replace(ElastiCacheResponse, "modify_replication_group", lambda _: modify_replication_group)
    extensions.replace(ElastiCacheResponse, "modify_cache_subnet_group", lambda _: _modify_subnet_group)
    extensions.replace(ElastiCacheResponse, "delete_cache_subnet_group", lambda _: _delete_subnet_group)
    return caches


def check_token(token: str) -> None:
    """Raise InvalidParameterValue for an invalid token."""
    if not _TOKEN.fullmatch(token):
        raise InvalidParameterValueException(
            "Invalid AuthToken provided: it must be 16 to 128 of letters, digits and ! & # $ ^ < > -"
        )


def _create(caches: Caches, original: Callable[..., ReplicationGroup]) -> Callable[..., ReplicationGroup]:
    @functools.wraps(original)
    def create_replication_group(self: ElastiCacheBackend, **wanted: Any) -> ReplicationGroup:
        _check(self, wanted)
        clusters = wanted["num_cache_clusters"] or 1
        zones = list(caches.instance.zones)
        # moto derives members from replicas and places them in us-east-1.
        wanted["replicas_per_node_group"] = clusters - 1
        wanted["preferred_cache_cluster_azs"] = wanted["preferred_cache_cluster_azs"] or [
            zones[index % len(zones)] for index in range(clusters)
        ]
        wanted["engine"] = ENGINE
        wanted["engine_version"] = wanted["engine_version"] or ENGINE_VERSION
        group = original(self, **wanted)
        if group.auto_minor_version_upgrade is None:
            group.auto_minor_version_upgrade = True
        if group.transit_encryption_enabled:
            group.transit_encryption_mode = group.transit_encryption_mode or "required"
        caches.create(group, wanted["auth_token"])
        return group

    return create_replication_group


def _check(backend: ElastiCacheBackend, wanted: dict[str, Any]) -> None:
    engine = wanted["engine"] or ENGINE
    if engine != ENGINE:
        raise InvalidParameterValueException(f"Engine {engine} is not here: the sandbox runs {ENGINE} only")
    version = wanted["engine_version"] or ENGINE_VERSION
    if version.split(".")[0] != ENGINE_VERSION.split(".")[0]:
        raise InvalidParameterValueException(f"The sandbox runs Redis {ENGINE_VERSION}, not {version}")
    if wanted["cluster_mode"] == "enabled" or (wanted["num_node_groups"] or 1) > 1:
        raise InvalidParameterValueException("the sandbox has no cluster mode: one node group a replication group")
    if wanted["auth_token"]:
        if not wanted["transit_encryption_enabled"]:
            raise InvalidParameterCombinationException("AuthToken needs TransitEncryptionEnabled")
        check_token(wanted["auth_token"])
    clusters = wanted["num_cache_clusters"] or 1
    if wanted["automatic_failover_enabled"] and clusters < 2:
        raise InvalidParameterCombinationException("Automatic failover needs NumCacheClusters of 2 or more")
    if wanted["multi_az_enabled"] and not wanted["automatic_failover_enabled"]:
        raise InvalidParameterCombinationException("Multi-AZ needs automatic failover")
    name = wanted["cache_subnet_group_name"]
    if name and name not in backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)


def _delete(caches: Caches, original: Callable[..., ReplicationGroup]) -> Callable[..., ReplicationGroup]:
    @functools.wraps(original)
    def delete_replication_group(
        self: ElastiCacheBackend, replication_group_id: str, retain_primary_cluster: bool | None = None
    ) -> ReplicationGroup:
        group = _find(self, replication_group_id)
        if group.status not in ("available", "create-failed"):
            raise InvalidReplicationGroupState(f"Replication group {replication_group_id} is {group.status}")
        deleted = original(self, replication_group_id, retain_primary_cluster)
        caches.delete(self, group)
        return deleted

    return delete_replication_group


def _find(backend: ElastiCacheBackend, replication_group_id: str) -> ReplicationGroup:
    if replication_group_id not in backend.replication_groups:
        raise ReplicationGroupNotFound(replication_group_id)
    return backend.replication_groups[replication_group_id]


def _modify(caches: Caches, response: ElastiCacheResponse) -> ReplicationGroup:
    """Apply the parameters that the collection changes; moto supports only six."""
    backend = response.elasticache_backend
    group = _find(backend, response._get_param("ReplicationGroupId"))
    if group.status != "available":
        raise InvalidReplicationGroupState(f"Replication group {group.replication_group_id} is {group.status}")
    token, strategy = response._get_param("AuthToken"), response._get_param("AuthTokenUpdateStrategy")
    if token:
        check_token(token)
        if strategy not in ("ROTATE", "SET"):
            raise InvalidParameterValueException(f"AuthTokenUpdateStrategy must be ROTATE or SET, not {strategy}")
        caches.servers[group.replication_group_id].set_tokens(token, keep_old=strategy == "ROTATE")
        group.auth_token_enabled = True
        group.auth_token_last_modified_date = utcnow()
    for parameter, attribute in (
        ("ReplicationGroupDescription", "description"),
        ("CacheNodeType", "cache_node_type"),
        ("SnapshotRetentionLimit", "snapshot_retention_limit"),
        ("SnapshotWindow", "snapshot_window"),
        ("EngineVersion", "engine_version"),
        ("SecurityGroupIds", "security_group_ids"),
        ("PreferredMaintenanceWindow", "preferred_maintenance_window"),
        ("AutoMinorVersionUpgrade", "auto_minor_version_upgrade"),
    ):
        value = response._get_param(parameter)
        if value is not None:
            setattr(group, attribute, value)
    for parameter, attribute in (("AutomaticFailoverEnabled", "automatic_failover"), ("MultiAZEnabled", "multi_az")):
        wanted = response._get_bool_param(parameter)
        if wanted is not None:
            setattr(group, attribute, "enabled" if wanted else "disabled")
    return group


def _describe_members(self: ElastiCacheBackend, cache_cluster_id: str | None = None) -> list[Any]:
    """Return the members of the groups, with attributes that DescribeReplicationGroups does not return."""
    members = {
        member["cache_cluster_id"]: _member(group, member)
        for group in list(self.replication_groups.values())
        for shard in group.node_groups
        for member in shard["node_group_members"]
    }
    known: dict[str, Any] = {**self.cache_clusters, **members}
    if cache_cluster_id is None:
        return list(known.values())
    if cache_cluster_id not in known:
        raise CacheClusterNotFound(cache_cluster_id)
    return [known[cache_cluster_id]]


def _member(group: ReplicationGroup, member: dict[str, Any]) -> dict[str, Any]:
    """Return a CacheCluster of the API."""
    return {
        "CacheClusterId": member["cache_cluster_id"],
        "ReplicationGroupId": group.replication_group_id,
        "CacheClusterStatus": group.status,
        "CacheNodeType": group.cache_node_type,
        "Engine": group.engine,
        "EngineVersion": group.engine_version,
        "NumCacheNodes": 1,
        "PreferredAvailabilityZone": member["preferred_availability_zone"],
        "CacheClusterCreateTime": group.replication_group_create_time,
        "CacheSubnetGroupName": group.cache_subnet_group_name,
        "SecurityGroups": [
            {"SecurityGroupId": group_id, "Status": "active"} for group_id in group.security_group_ids or []
        ],
        "SnapshotRetentionLimit": group.snapshot_retention_limit,
        "AuthTokenEnabled": group.auth_token_enabled,
        "TransitEncryptionEnabled": group.transit_encryption_enabled,
        "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
        "AutoMinorVersionUpgrade": group.auto_minor_version_upgrade,
        "PreferredMaintenanceWindow": group.preferred_maintenance_window,
        "ARN": group.arn.replace(
            f"replicationgroup:{group.replication_group_id}", f"cluster:{member['cache_cluster_id']}"
        ),
        "CacheNodes": [
            {
                "CacheNodeId": member["cache_node_id"],
                "CacheNodeStatus": group.status,
                "CustomerAvailabilityZone": member["preferred_availability_zone"],
                "Endpoint": {
                    "Address": member["read_endpoint"]["address"],
                    "Port": member["read_endpoint"]["port"],
                },
            }
        ],
    }


def _subnet_group(response: ElastiCacheResponse) -> CacheSubnetGroup:
    name = response._get_param("CacheSubnetGroupName")
    return response.elasticache_backend.describe_cache_subnet_groups(name)[0]


def _modify_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    group = _subnet_group(self)
    fresh = CacheSubnetGroup(
        self.current_account,
        self.region,
        group.cache_subnet_group_name,
        self._get_param("CacheSubnetGroupDescription") or group.cache_subnet_group_description,
        self._get_param("SubnetIds") or group.subnet_ids,
        group.tags,
    )
    self.elasticache_backend.cache_subnet_groups[group.cache_subnet_group_name] = fresh
    return ActionResult({"CacheSubnetGroup": fresh})


def _delete_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    backend, group = self.elasticache_backend, _subnet_group(self)
    for cache in backend.replication_groups.values():
        if cache.cache_subnet_group_name == group.cache_subnet_group_name:
            raise CacheSubnetGroupInUse(
                f"Cache subnet group {group.cache_subnet_group_name} is in use by {cache.replication_group_id}"
            )
    del backend.cache_subnet_groups[group.cache_subnet_group_name]
    return EmptyResult()
