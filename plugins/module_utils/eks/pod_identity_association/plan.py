# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a pod identity association: the wanted options, the comparison, the actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    ResourceError,
    Wanted,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.eks.pod_identity_association.actions import (
    CreateAssociation,
    DeleteAssociation,
    UpdateRole,
)


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
