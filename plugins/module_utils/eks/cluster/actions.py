# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that EKS offers on a cluster, each with its call, text and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ApiAction, DeleteAction, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksCreate
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


class CreateCluster(EksCreate):
    operation: ClassVar[str] = "create_cluster"

    def __str__(self) -> str:
        return f"create cluster {self.name} (Kubernetes {self.parameters.get('version', 'default version')})"

    def predict(self, found: Found) -> Found:
        defaults = {"version": UNKNOWN, "upgrade_policy": {"support_type": "EXTENDED"}}
        after = {**defaults, **self.described(), "name": self.name, "status": "ACTIVE"}
        network = after["resources_vpc_config"]
        if network.get("endpoint_public_access", True):
            network.setdefault("public_access_cidrs", ["0.0.0.0/0"])
        return after


class DeleteCluster(DeleteAction):
    kind: ClassVar[str] = "cluster"
    operation: ClassVar[str] = "delete_cluster"


@dataclass(frozen=True)
class ConfigUpdate(ApiAction):
    """One type of UpdateClusterConfig; EKS refuses two types in one call. `field` is the option."""

    field: str
    value: Any
    operation: ClassVar[str] = "update_cluster_config"

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.field)

    def __str__(self) -> str:
        return f"set {self.field.replace('_', ' ')} to {self.value}"


@dataclass(frozen=True)
class UpdateLogging(ConfigUpdate):
    """`value`: the control plane logs to send to CloudWatch; all others are turned off."""

    def request(self) -> dict[str, Any]:
        entries = [
            {"types": list(self.value), "enabled": True},
            {"types": [kind for kind in LOG_TYPES if kind not in self.value], "enabled": False},
        ]
        return {"logging": {"clusterLogging": [entry for entry in entries if entry["types"]]}}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, **snake(self.request()))

    def __str__(self) -> str:
        return "set log types to " + (", ".join(self.value) or "none")


@dataclass(frozen=True)
class UpdateNetwork(ConfigUpdate):
    """`value`: keys of resourcesVpcConfig, either of endpoint access or of subnets and security groups."""

    def request(self) -> dict[str, Any]:
        return {"resourcesVpcConfig": self.value}

    def predict(self, found: Found) -> Found:
        network = {**((found or {}).get("resources_vpc_config") or {}), **snake(self.value)}
        return changed_copy(found, resources_vpc_config=network)

    def __str__(self) -> str:
        return f"set {self.field.replace('_', ' ')}: " + ", ".join(
            f"{key} {value}" for key, value in snake(self.value).items()
        )


@dataclass(frozen=True)
class UpdateDeletionProtection(ConfigUpdate):
    def request(self) -> dict[str, Any]:
        return {"deletionProtection": self.value}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, deletion_protection=self.value)


@dataclass(frozen=True)
class UpdateAuthenticationMode(ConfigUpdate):
    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.value)

    def request(self) -> dict[str, Any]:
        return {"accessConfig": {"authenticationMode": self.value}}

    def predict(self, found: Found) -> Found:
        access = {**((found or {}).get("access_config") or {}), "authentication_mode": self.value}
        return changed_copy(found, access_config=access)


@dataclass(frozen=True)
class UpdateSupportType(ConfigUpdate):
    def request(self) -> dict[str, Any]:
        return {"upgradePolicy": {"supportType": self.value}}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, upgrade_policy={"support_type": self.value})


@dataclass(frozen=True)
class AssociateEncryption(ApiAction):
    """Envelope encryption of Kubernetes Secrets with a KMS key of the account. It cannot be disabled."""

    key_arn: str
    operation: ClassVar[str] = "associate_encryption_config"

    def __str__(self) -> str:
        return f"encrypt secrets with {self.key_arn}"

    def request(self) -> dict[str, Any]:
        return {"encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": self.key_arn}}]}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, **snake(self.request()))


@dataclass(frozen=True)
class UpdateVersion(ApiAction):
    before: str
    version: str
    operation: ClassVar[str] = "update_cluster_version"

    def __str__(self) -> str:
        return f"upgrade Kubernetes from {self.before} to {self.version}"

    def request(self) -> dict[str, Any]:
        return {"version": self.version}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, version=self.version, platform_version=UNKNOWN)
