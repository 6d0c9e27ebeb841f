# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that EKS offers on an access entry and its policies, each with its call, text and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ApiAction, DeleteAction, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksCreate

Scope = tuple[str, tuple[str, ...]]  # "cluster" or "namespace", the namespaces


def scope_of(scope: dict[str, Any] | None) -> Scope:
    """A scope with sorted namespaces. The default is the whole cluster."""
    scope = scope or {}
    return scope.get("type") or "cluster", tuple(sorted(set(scope.get("namespaces") or ())))


class CreateAccessEntry(EksCreate):
    operation: ClassVar[str] = "create_access_entry"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"create access entry of {self.name}"

    def predict(self, found: Found) -> Found:
        defaults = {"type": "STANDARD", "kubernetes_groups": [], "associated_access_policies": []}
        return {**defaults, **self.described(), "principal_arn": self.name}


@dataclass(frozen=True)
class UpdateAccessEntry(ApiAction):
    """`changes` in AWS's names: kubernetesGroups, username."""

    changes: dict[str, Any]
    operation: ClassVar[str] = "update_access_entry"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return "set " + ", ".join(f"{key} to {value}" for key, value in sorted(snake(self.changes).items()))

    def request(self) -> dict[str, Any]:
        return self.changes

    def predict(self, found: Found) -> Found:
        return changed_copy(found, **snake(self.changes))


@dataclass(frozen=True)
class PolicyAction(ApiAction):
    policy_arn: str
    slow: ClassVar[bool] = False

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.policy_arn)

    @property
    def policy(self) -> str:
        return self.policy_arn.rsplit("/", 1)[-1]

    def others(self, found: Found) -> list[dict[str, Any]]:
        """The associations of other policies."""
        policies = (found or {}).get("associated_access_policies") or []
        return [policy for policy in policies if policy["policy_arn"] != self.policy_arn]


@dataclass(frozen=True)
class AssociatePolicy(PolicyAction):
    """Associate a policy, or give one that is associated another scope."""

    scope: Scope
    operation: ClassVar[str] = "associate_access_policy"

    def __str__(self) -> str:
        kind, namespaces = self.scope
        where = f"the namespaces {', '.join(namespaces)}" if kind == "namespace" else "the cluster"
        return f"associate {self.policy} for {where}"

    def request(self) -> dict[str, Any]:
        kind, namespaces = self.scope
        scope: dict[str, Any] = {"type": kind}
        if kind == "namespace":
            scope["namespaces"] = list(namespaces)
        return {"policyArn": self.policy_arn, "accessScope": scope}

    def predict(self, found: Found) -> Found:
        kind, namespaces = self.scope
        entry = {"policy_arn": self.policy_arn, "access_scope": {"type": kind, "namespaces": list(namespaces)}}
        return changed_copy(found, associated_access_policies=[*self.others(found), entry])


class DisassociatePolicy(PolicyAction):
    operation: ClassVar[str] = "disassociate_access_policy"

    def __str__(self) -> str:
        return f"disassociate {self.policy}"

    def request(self) -> dict[str, Any]:
        return {"policyArn": self.policy_arn}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, associated_access_policies=self.others(found))


class DeleteAccessEntry(DeleteAction):
    kind: ClassVar[str] = "access entry of"
    operation: ClassVar[str] = "delete_access_entry"
    slow: ClassVar[bool] = False
