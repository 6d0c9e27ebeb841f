"""Trust policies, principals and the roles of pods."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import identity


def test_trust_policy_names_one_service() -> None:
    statement = identity.trust_policy("eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"])["Statement"]
    assert statement == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ]


def test_pod_trust_policy_names_one_service_account_of_one_cluster() -> None:
    (statement,) = identity.pod_trust_policy("flask-dev", "kube-system", "controller")["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-name": "flask-dev",
            "aws:RequestTag/kubernetes-namespace": "kube-system",
            "aws:RequestTag/kubernetes-service-account": "controller",
        }
    }


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:sts::123456789012:assumed-role/ci/run-7", "arn:aws:iam::123456789012:role/ci"),
        ("arn:aws-cn:sts::123456789012:assumed-role/ci/run-7", "arn:aws-cn:iam::123456789012:role/ci"),
        ("arn:aws:iam::123456789012:user/team/ann", "arn:aws:iam::123456789012:user/team/ann"),
        ("arn:aws:sts::123456789012:user/moto", "arn:aws:iam::123456789012:user/moto"),
        ("(known after apply)", "(known after apply)"),
    ],
)
def test_principal_of_a_caller(caller: str, principal: str) -> None:
    assert identity.principal_arn(caller) == principal


@pytest.mark.parametrize("caller", ["arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:federated-user/ann"])
def test_caller_without_a_possible_access_entry_is_rejected(caller: str) -> None:
    with pytest.raises(AnsibleFilterError, match="eks_admin_principal_arn"):
        identity.principal_arn(caller)


def test_identity_center_role_is_rejected_with_the_command_for_its_path() -> None:
    caller = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann"
    with pytest.raises(AnsibleFilterError, match="get-role --role-name AWSReservedSSO_Admin_0123456789abcdef"):
        identity.principal_arn(caller)


def test_with_irsa_one_service_account_of_one_issuer_may_assume_the_role() -> None:
    provider = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A1"
    (statement,) = identity.irsa_trust_policy(provider, "flask", "app")["Statement"]
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc.eks.eu-west-1.amazonaws.com/id/A1:aud": "sts.amazonaws.com",
            "oidc.eks.eu-west-1.amazonaws.com/id/A1:sub": "system:serviceaccount:flask:app",
        }
    }
