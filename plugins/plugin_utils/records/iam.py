# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of IAM modules."""

from __future__ import annotations

import re
import typing as t

from .record import Info, Parent, Record, actions

_READ_ROLES: t.Final = ("GetRole", "ListAttachedRolePolicies", "ListInstanceProfilesForRole", "ListRolePolicies")

RECORDS: t.Final = (
    Record(
        "amazon.aws.iam_role",
        kind="IAM role",
        actions=actions(
            "iam",
            *_READ_ROLES,
            "AttachRolePolicy",
            "CreateRole",
            "DeleteRole",
            "DetachRolePolicy",
            "ListRoleTags",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
        ),
        identity=("name",),
        info=Info("amazon.aws.iam_role_info", {"name": "name"}, "iam_roles", "role_name"),
        # The Resource Groups Tagging API does not list roles.
        listing=Info("amazon.aws.iam_role_info", {}, "iam_roles", "role_name"),
    ),
    Record("amazon.aws.iam_role_info", actions=actions("iam", *_READ_ROLES)),
    Record(
        "amazon.aws.iam_managed_policy",
        kind="IAM policy",
        actions=actions(
            "iam",
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "DetachRolePolicy",
            "GetPolicy",
            "GetPolicyVersion",
            "ListEntitiesForPolicy",
            "ListPolicies",
            "ListPolicyVersions",
            "TagPolicy",
            "UntagPolicy",
        )
        + actions("sts", "GetCallerIdentity"),
        identity=("name",),
        info=Info("flaskops.eks.iam_managed_policy_info", {"names": ["name"]}, "policies", "policy_name"),
        resource_type="iam:policy",
    ),
    Record("flaskops.eks.iam_managed_policy_info", actions=actions("iam", "ListPolicies", "ListPolicyTags")),
    # No info twin: only the module itself looks for a provider, and it refuses one of another owner.
    Record(
        "flaskops.eks.iam_oidc_provider",
        kind="OIDC provider",
        actions=actions(
            "iam",
            "AddClientIDToOpenIDConnectProvider",
            "CreateOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider",
            "GetOpenIDConnectProvider",
            "ListOpenIDConnectProviders",
            "RemoveClientIDFromOpenIDConnectProvider",
            "TagOpenIDConnectProvider",
            "UntagOpenIDConnectProvider",
        ),
        identity=("url",),
        resource_type="iam:oidc-provider",
    ),
    Record(
        "amazon.aws.iam_policy",
        kind="inline policy",
        parents=(Parent(re.compile(r"NoSuchEntity|cannot be found|not found", re.I), "iam_role", "iam_name"),),
        info=Info(
            "amazon.aws.iam_policy_info",
            {"iam_type": "iam_type", "iam_name": "iam_name", "policy_name": "policy_name"},
            "policies",
            "policy_name",
            tags="",
        ),
    ),
)
