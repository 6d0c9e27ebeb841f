# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that EKS offers on a pod identity association, each with its call, text and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ApiAction, DeleteAction, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksCreate


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
