# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access entry with its policies. https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils._eks import ClusterChild, EksCreate
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import snake
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

Scope = tuple[str, tuple[str, ...]]  # "cluster" or "namespace", the namespaces


def _scope(scope: dict[str, Any] | None) -> Scope:
    """A scope whose namespaces have no order. Not mentioned: the whole cluster."""
    scope = scope or {}
    return scope.get("type") or "cluster", tuple(sorted(set(scope.get("namespaces") or ())))


@dataclass(frozen=True)
class WantedAccessEntry(Wanted):
    cluster_name: str
    principal_arn: str
    type: str | None = None
    kubernetes_groups: tuple[str, ...] | None = None
    username: str | None = None
    policies: dict[str, Scope] | None = None  # policy ARN -> scope

    @property
    def name(self) -> str:
        return self.principal_arn

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedAccessEntry:
        groups, policies = params["kubernetes_groups"], params["policies"]
        if groups is not None:
            groups = tuple(sorted(set(groups)))
        if policies is not None:
            policies = {policy["policy_arn"]: _scope(policy.get("scope")) for policy in policies}
        return super().from_params({**params, "kubernetes_groups": groups, "policies": policies})


def access_entry_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names. Lists without order are sorted."""
    policies = {
        policy["policy_arn"]: _scope(policy.get("access_scope"))
        for policy in found.get("associated_access_policies") or []
    }
    return {
        "principal_arn": found.get("principal_arn"),
        "type": found.get("type"),
        "kubernetes_groups": sorted(found.get("kubernetes_groups") or []),
        "username": found.get("username"),
        "policies": [
            {"policy_arn": arn, "scope": {"type": kind, "namespaces": list(namespaces)}}
            for arn, (kind, namespaces) in sorted(policies.items())
        ],
        "tags": found.get("tags") or {},
    }


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


def creation(wanted: WantedAccessEntry) -> CreateAccessEntry:
    parameters = {
        "type": wanted.type,
        "kubernetesGroups": list(wanted.kubernetes_groups) if wanted.kubernetes_groups else None,
        "username": wanted.username,
        "tags": wanted.tags or None,
    }
    parameters = {key: value for key, value in parameters.items() if value is not None}
    return CreateAccessEntry(wanted.principal_arn, parameters)


def plan_policies(wanted: dict[str, Scope] | None, current: dict[str, Scope]) -> list[Action]:
    """Exact when mentioned. New ones first, so that nobody is without access in between."""
    if wanted is None:
        return []
    actions: list[Action] = [
        AssociatePolicy(arn, scope) for arn, scope in sorted(wanted.items()) if current.get(arn) != scope
    ]
    return actions + [DisassociatePolicy(arn) for arn in sorted(set(current) - set(wanted))]


def plan(wanted: WantedAccessEntry, found: Found) -> list[Action]:
    """The actions from found to wanted."""
    if wanted.state == "absent":
        return [] if found is None else [DeleteAccessEntry(wanted.principal_arn)]
    for arn, (kind, namespaces) in (wanted.policies or {}).items():
        if (kind == "namespace") != bool(namespaces):
            raise ResourceError(f"{arn}: a scope of type namespace names its namespaces, one of type cluster has none")
    if found is None:
        return [creation(wanted), *plan_policies(wanted.policies, {})]
    if wanted.type is not None and found.get("type") not in (None, wanted.type):
        raise ResourceError(
            f"access entry of {wanted.principal_arn}: EKS cannot change its type from {found['type']} "
            f"to {wanted.type}. Delete it (state: absent) and run again; the principal has no access meanwhile."
        )
    current = access_entry_view(found)
    actions = plan_tags(wanted, current)
    changes: dict[str, Any] = {}
    if wanted.kubernetes_groups is not None and list(wanted.kubernetes_groups) != current["kubernetes_groups"]:
        changes["kubernetesGroups"] = list(wanted.kubernetes_groups)
    if wanted.username is not None and wanted.username != current["username"]:
        changes["username"] = wanted.username
    if changes:
        actions.append(UpdateAccessEntry(changes))
    has = {policy["policy_arn"]: _scope(policy["scope"]) for policy in current["policies"]}
    return actions + plan_policies(wanted.policies, has)


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
