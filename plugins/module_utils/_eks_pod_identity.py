# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod identity association. https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils._eks import ClusterChild, EksCreate
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    DeleteAction,
    Found,
    ResourceError,
    Wanted,
    changed_copy,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


@dataclass(frozen=True)
class WantedAssociation(Wanted):
    """Namespace and service account are the key."""

    cluster_name: str
    namespace: str
    service_account: str
    role_arn: str | None = None

    @property
    def name(self) -> str:
        return f"{self.namespace}/{self.service_account}"


def association_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names."""
    return {key: found.get(key) for key in ("namespace", "service_account", "role_arn")} | {
        "tags": found.get("tags") or {}
    }


class CreateAssociation(EksCreate):
    operation: ClassVar[str] = "create_pod_identity_association"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"give {self.name} the role {self.parameters['roleArn']}"


@dataclass(frozen=True)
class UpdateRole(ApiAction):
    association_id: str
    role_arn: str
    operation: ClassVar[str] = "update_pod_identity_association"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"set role to {self.role_arn}"

    def request(self) -> dict[str, Any]:
        return {"associationId": self.association_id, "roleArn": self.role_arn}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, role_arn=self.role_arn)


@dataclass(frozen=True, kw_only=True)
class DeleteAssociation(DeleteAction):
    association_id: str
    operation: ClassVar[str] = "delete_pod_identity_association"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"take its role from {self.name}"

    def request(self) -> dict[str, Any]:
        return {"associationId": self.association_id}


def plan(wanted: WantedAssociation, found: Found) -> list[Action]:
    """The actions from found to wanted. One that an add-on owns is the add-on's to change."""
    if wanted.state == "absent" and found is None:
        return []
    if wanted.state != "absent" and not wanted.role_arn and found is None:
        raise ResourceError(f"pod identity association {wanted.name} does not exist; to create it give role_arn")
    if found is None:
        parameters = {
            "namespace": wanted.namespace,
            "serviceAccount": wanted.service_account,
            "roleArn": wanted.role_arn,
            "tags": wanted.tags,
        }
        return [CreateAssociation(wanted.name, {key: value for key, value in parameters.items() if value is not None})]
    actions: list[Action] = []
    if wanted.state == "absent":
        actions = [DeleteAssociation(wanted.name, association_id=found["association_id"])]
    else:
        actions = plan_tags(wanted, found)
        if wanted.role_arn is not None and wanted.role_arn != found.get("role_arn"):
            actions.append(UpdateRole(found["association_id"], wanted.role_arn))
    if actions and found.get("owner_arn"):
        raise ResourceError(
            f"pod identity association {wanted.name} belongs to the add-on {found['owner_arn']}: "
            "change it there (eks_addon, pod_identity_associations)."
        )
    return actions


class PodIdentityAssociation(ClusterChild):
    kind = "pod identity association"
    result_key = "association"
    arn_key = "association_arn"
    when_new: ClassVar[dict[str, Any]] = {"association_id": UNKNOWN}
    owned_by_tags = False

    def read(self) -> Found:
        listed = self.api.listing(
            "list_pod_identity_associations",
            "associations",
            namespace=self.wanted.namespace,
            serviceAccount=self.wanted.service_account,
            **self.identity(),
        )
        if not listed:
            return None
        return self.api.describe(
            "describe_pod_identity_association",
            "association",
            associationId=listed[0]["associationId"],
            **self.identity(),
        )

    def identity(self) -> dict[str, str]:
        return {"clusterName": self.wanted.cluster_name}

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return association_view(found)
