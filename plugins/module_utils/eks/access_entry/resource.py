# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access entry with its policies: its calls. https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.plan import access_entry_view, plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import ClusterChild
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


class AccessEntry(ClusterChild):
    kind = "access entry of"
    result_key = "access_entry"
    arn_key = "access_entry_arn"
    name_key = "principalArn"
    when_new: ClassVar[dict[str, Any]] = {"username": UNKNOWN}
    owned_by_tags = False

    def read(self) -> Found:
        found = self.api.describe("describe_access_entry", "accessEntry", **self.identity())
        if found is not None:
            policies = self.api.listing(
                "list_associated_access_policies", "associatedAccessPolicies", **self.identity()
            )
            found["associated_access_policies"] = [snake(policy) for policy in policies]
        return found

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return access_entry_view(found)
