# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EKS cluster: its calls. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html"""

from __future__ import annotations

from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found, ResourceError, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.actions import AssociateEncryption
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.plan import cluster_view, plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksResource
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


class Cluster(EksResource):
    kind = "EKS cluster"
    result_key = "cluster"
    arn_key = "arn"
    busy_states = frozenset({"CREATING", "UPDATING", "PENDING"})
    deleting_states = frozenset({"DELETING"})
    failed_states = frozenset({"FAILED"})

    def read(self) -> Found:
        return self.api.describe("describe_cluster", "cluster", name=self.name)

    def identity(self) -> dict[str, str]:
        return {"name": self.name}

    update_identity = identity

    def apply(self, action: Action) -> None:
        if isinstance(action, AssociateEncryption):
            answer = self.api.change(action.operation, clusterName=self.name, **action.request())
            self.pending_update = (answer.get("update") or {}).get("id")
        else:
            super().apply(action)

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return cluster_view(found)

    def explain_conflict(self, action: Action, error: Conflict) -> None:
        """A cluster with node groups is not deleted; those that are going already only need time."""
        if not action.deletes:
            return
        staying = []
        for name in self.api.listing("list_nodegroups", "nodegroups", clusterName=self.name):
            group = self.api.describe("describe_nodegroup", "nodegroup", clusterName=self.name, nodegroupName=name)
            if group is not None and group.get("status") != "DELETING":
                staying.append(name)
        if staying:
            raise ResourceError(
                f"{self.title} still has the node groups {', '.join(sorted(staying))}: delete them first.",
                nodegroups=sorted(staying),
            ) from error

    def complete(self, found: dict[str, Any]) -> dict[str, Any]:
        found = changed_copy(found)
        for key in ("arn", "endpoint", "platform_version", "created_at"):
            if not found.get(key):
                found[key] = UNKNOWN
        found["deletion_protection"] = bool(found.get("deletion_protection"))
        for parent, key in (
            ("certificate_authority", "data"),
            ("resources_vpc_config", "vpc_id"),
            ("resources_vpc_config", "cluster_security_group_id"),
        ):
            holder = found.get(parent) or {}
            found[parent] = {**holder, key: holder.get(key) or UNKNOWN}
        if not ((found.get("identity") or {}).get("oidc") or {}).get("issuer"):
            found["identity"] = {"oidc": {"issuer": UNKNOWN}}
        return found
