# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod identity association: its calls. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html"""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.pod_identity_association.plan import (
    association_view,
    plan,
)
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import ClusterChild
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


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
