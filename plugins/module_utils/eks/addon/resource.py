# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EKS add-on: its calls. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html"""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.plan import addon_view, plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import ClusterChild

# An add-on without nodes to run on is DEGRADED by this until they come; waiting helps.
PASSING_ISSUES = frozenset({"InsufficientNumberOfReplicas"})


class Addon(ClusterChild):
    kind = "add-on"
    result_key = "addon"
    arn_key = "addon_arn"
    name_key = "addonName"
    when_new: ClassVar[dict[str, Any]] = {
        "service_account_role_arn": None,
        "pod_identity_associations": [],
        "health": {"issues": []},
    }
    busy_states = frozenset({"CREATING", "UPDATING"})
    deleting_states = frozenset({"DELETING"})
    failed_states = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "DEGRADED"})

    def read(self) -> Found:
        """The add-on; its associations, which EKS gives as ARNs, with service account and role."""
        found = self.api.describe("describe_addon", "addon", **self.identity())
        if found is None:
            return None
        pods = []
        for arn in found.get("pod_identity_associations") or []:
            pod = self.api.describe(
                "describe_pod_identity_association",
                "association",
                clusterName=self.wanted.cluster_name,
                associationId=arn.rsplit("/", 1)[-1],
            )
            if pod is not None:
                pods.append({key: pod.get(key) for key in ("service_account", "role_arn", "association_arn")})
        found["pod_identity_associations"] = pods
        return found

    def settled(self, found: Found) -> bool:
        if not super().settled(found):
            return False
        if found is None or found.get("status") != "DEGRADED" or self.wanted.state == "absent":
            return True
        codes = {issue.get("code") for issue in (found.get("health") or {}).get("issues") or []}
        return not codes or not codes <= PASSING_ISSUES

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return addon_view(found)
