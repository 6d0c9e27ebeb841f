# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that ElastiCache offers on a replication group, each as data: its call, its words, its prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    ApiAction,
    CreateAction,
    DeleteAction,
    Found,
    changed_copy,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

# Options that one ModifyReplicationGroup call may change together, and AWS's names for them.
SETTINGS = {
    "description": "ReplicationGroupDescription",
    "automatic_failover": "AutomaticFailoverEnabled",
    "multi_az": "MultiAZEnabled",
    "security_group_ids": "SecurityGroupIds",
    "snapshot_retention_limit": "SnapshotRetentionLimit",
    "snapshot_window": "SnapshotWindow",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "parameter_group_name": "CacheParameterGroupName",
}


@dataclass(frozen=True)
class CreateReplicationGroup(CreateAction):
    """`options` are the parameters under the module's names, without the authentication token: for the prediction."""

    options: dict[str, Any]
    operation: ClassVar[str] = "create_replication_group"

    def __str__(self) -> str:
        nodes = self.options.get("num_cache_clusters", 1)
        return f"create replication group {self.name} ({self.options['engine']}, {nodes} x {self.options['node_type']})"

    def predict(self, found: Found) -> Found:
        options = {key: value for key, value in self.options.items() if value is not None}
        port = options.get("port", 6379)
        return {
            "replication_group_id": self.name,
            "status": "available",
            "arn": UNKNOWN,
            "engine_version": UNKNOWN,
            "automatic_failover": False,
            "multi_az": False,
            "num_cache_clusters": 1,
            "security_group_ids": [],
            "auth_token_enabled": "AuthToken" in self.parameters,
            "tags": {},
            **options,
            "port": port,
            "primary_endpoint": {"address": UNKNOWN, "port": port},
            "reader_endpoint": {"address": UNKNOWN, "port": port},
        }


@dataclass(frozen=True)
class DeleteReplicationGroup(DeleteAction):
    final_snapshot: str | None = None
    kind: ClassVar[str] = "replication group"
    operation: ClassVar[str] = "delete_replication_group"

    def __str__(self) -> str:
        return super().__str__() + (f", keeping snapshot {self.final_snapshot}" if self.final_snapshot else "")

    def request(self) -> dict[str, Any]:
        request: dict[str, Any] = {"RetainPrimaryCluster": False}
        if self.final_snapshot:
            request["FinalSnapshotIdentifier"] = self.final_snapshot
        return request


@dataclass(frozen=True)
class Modify(ApiAction):
    """Options under the module's names, changed in one call."""

    changes: dict[str, Any]
    now: bool = True
    operation: ClassVar[str] = "modify_replication_group"

    def __str__(self) -> str:
        text = ", ".join(f"{key.replace('_', ' ')} to {value}" for key, value in sorted(self.changes.items()))
        return f"set {text}" + ("" if self.now else " (in the next maintenance window)")

    def predict(self, found: Found) -> Found:
        return changed_copy(found, **self.changes)


@dataclass(frozen=True)
class ModifySettings(Modify):
    def request(self) -> dict[str, Any]:
        return {**{SETTINGS[key]: value for key, value in self.changes.items()}, "ApplyImmediately": self.now}


@dataclass(frozen=True)
class UpgradeEngine(Modify):
    """Engine and version belong together; AWS allows nothing else in that call."""

    def request(self) -> dict[str, Any]:
        names = {"engine": "Engine", "engine_version": "EngineVersion"}
        return {**{names[key]: value for key, value in self.changes.items()}, "ApplyImmediately": self.now}


@dataclass(frozen=True)
class ChangeNodeType(Modify):
    def request(self) -> dict[str, Any]:
        return {"CacheNodeType": self.changes["node_type"], "ApplyImmediately": self.now}


@dataclass(frozen=True)
class ChangeReplicaCount(ApiAction):
    """`before` and `after` count all nodes, the primary too, as num_cache_clusters does."""

    before: int
    after: int

    @property
    def operation(self) -> str:  # type: ignore[override]
        return "increase_replica_count" if self.after > self.before else "decrease_replica_count"

    def __str__(self) -> str:
        return f"change the number of nodes from {self.before} to {self.after}"

    def request(self) -> dict[str, Any]:
        return {"NewReplicaCount": self.after - 1, "ApplyImmediately": True}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, num_cache_clusters=self.after)


@dataclass(frozen=True)
class UpdateAuthToken(ApiAction):
    """ROTATE adds the token beside the present one, SET makes it the only one.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
    """

    strategy: str
    auth_token: str = field(repr=False)
    operation: ClassVar[str] = "modify_replication_group"

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.strategy)

    def __str__(self) -> str:
        return {
            "ROTATE": "add the authentication token beside the present one",
            "SET": "make the authentication token the only one",
        }[self.strategy]

    def request(self) -> dict[str, Any]:
        return {"AuthToken": self.auth_token, "AuthTokenUpdateStrategy": self.strategy, "ApplyImmediately": True}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, auth_token_enabled=True)
