# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of identities: trust policies and principals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown

ASSUMED_ROLE = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.+")
USER_OR_ROLE = re.compile(r"arn:(aws[a-z-]*):(?:iam|sts)::([0-9]{12}):((?:user|role)/.+)")


def trust_policy(service: str, actions: Sequence[str] = ("sts:AssumeRole",)) -> dict[str, Any]:
    """Return the trust policy of a role for one AWS service.

    Args:
        service: The service principal, for example eks.amazonaws.com.
        actions: The allowed actions.

    Returns:
        The trust policy.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}],
    }


def pod_trust_policy(cluster: str, namespace: str, service_account: str) -> dict[str, Any]:
    """Return the trust policy of a role for the pods of one ServiceAccount of one cluster, with EKS Pod Identity.

    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html

    Args:
        cluster: Name of the EKS cluster.
        namespace: The ServiceAccount's namespace.
        service_account: The ServiceAccount.

    Returns:
        The trust policy.
    """
    policy = trust_policy("pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"])
    policy["Statement"][0]["Sid"] = "EksPodIdentity"
    policy["Statement"][0]["Condition"] = {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-name": cluster,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
        }
    }
    return policy


def irsa_trust_policy(provider_arn: str, namespace: str, service_account: str) -> dict[str, Any]:
    """Describe a role that only the pods of one ServiceAccount of one cluster may assume, by its OIDC provider (IRSA).

    https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html

    Args:
        provider_arn: ARN of the cluster's OIDC provider; it ends with the issuer without its scheme.
        namespace: The ServiceAccount's namespace.
        service_account: The ServiceAccount.

    Returns:
        The trust policy.
    """
    issuer = provider_arn.partition(":oidc-provider/")[2] or provider_arn
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ServiceAccount",
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": ["sts:AssumeRoleWithWebIdentity"],
                "Condition": {
                    "StringEquals": {
                        f"{issuer}:aud": "sts.amazonaws.com",
                        f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    }
                },
            }
        ],
    }


def principal_arn(caller: str) -> str:
    """Return the ARN of the caller's IAM user or role, as used in access entries.

    The ARN of a role session is `arn:aws:sts::<account>:assumed-role/<role>/<session>`; access entries need the role.
    STS omits the path of a role, so a role with a path must be set in eks_admin_principal_arn.
    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html

    Args:
        caller: ARN of sts:GetCallerIdentity. A placeholder is returned as it is.

    Returns:
        ARN of the IAM user or role.

    Raises:
        AnsibleFilterError: The caller is neither, for example the root user of the account.
    """
    if is_unknown(caller):
        return caller
    session = ASSUMED_ROLE.fullmatch(caller)
    if session and session[3].startswith("AWSReservedSSO_"):
        raise AnsibleFilterError(
            "eks_admin_principal_arn: these credentials come from IAM Identity Center, and STS omits the path "
            f"of their role; run `aws iam get-role --role-name {session[3]} --query Role.Arn` and set the variable."
        )
    if session:
        return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}"
    principal = USER_OR_ROLE.fullmatch(caller)
    if principal:
        return f"arn:{principal[1]}:iam::{principal[2]}:{principal[3]}"
    raise AnsibleFilterError(
        f"eks_admin_principal_arn: {caller} cannot have an access entry, which needs an IAM role or user; "
        "run as one of those, or set eks_admin_principal_arn."
    )


class FilterModule:
    """Filters of identities."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "trust_policy": trust_policy,
            "irsa_trust_policy": irsa_trust_policy,
            "pod_trust_policy": pod_trust_policy,
            "principal_arn": principal_arn,
        }
