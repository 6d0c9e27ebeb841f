# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed node group: its calls. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html"""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.plan import nodegroup_view, plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import ClusterChild
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


class Nodegroup(ClusterChild):
    kind = "node group"
    result_key = "nodegroup"
    arn_key = "nodegroup_arn"
    name_key = "nodegroupName"
    when_new: ClassVar[dict[str, Any]] = {
        "labels": {},
        "taints": [],
        "health": {"issues": []},
        "resources": {"auto_scaling_groups": [{"name": UNKNOWN}]},
    }
    busy_states = frozenset({"CREATING", "UPDATING"})
    deleting_states = frozenset({"DELETING"})
    failed_states = frozenset({"CREATE_FAILED", "DELETE_FAILED"})

    def read(self) -> Found:
        return self.api.describe("describe_nodegroup", "nodegroup", **self.identity())

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return nodegroup_view(found)
