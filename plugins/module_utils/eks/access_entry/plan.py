# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of an access entry: the wanted options, the comparison, the actions."""

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
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.actions import (
    AssociatePolicy,
    CreateAccessEntry,
    DeleteAccessEntry,
    DisassociatePolicy,
    Scope,
    UpdateAccessEntry,
    scope_of,
)


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
            policies = {policy["policy_arn"]: scope_of(policy.get("scope")) for policy in policies}
        return super().from_params({**params, "kubernetes_groups": groups, "policies": policies})


def access_entry_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names. Lists without order are sorted."""
    policies = {
        policy["policy_arn"]: scope_of(policy.get("access_scope"))
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
    """Exact if given. Add new policies first, so that access is never interrupted."""
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
    has = {policy["policy_arn"]: scope_of(policy["scope"]) for policy in current["policies"]}
    return actions + plan_policies(wanted.policies, has)
