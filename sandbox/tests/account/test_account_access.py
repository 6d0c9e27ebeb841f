"""Access entries and access policies of EKS."""

from __future__ import annotations

from typing import Any

from account_fakes import Network, Running, code_of, create_cluster

USER = "arn:aws:iam::123456789012:user/someone"
ROLE = "arn:aws:iam::123456789012:role/path/ops"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def test_entries(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    assert eks.list_access_entries(clusterName="dev")["accessEntries"] == []
    entry = eks.create_access_entry(clusterName="dev", principalArn=USER, kubernetesGroups=["a"])["accessEntry"]
    assert (entry["type"], entry["username"], entry["kubernetesGroups"]) == ("STANDARD", USER, ["a"])
    role = eks.create_access_entry(clusterName="dev", principalArn=ROLE)["accessEntry"]
    assert role["username"] == "arn:aws:sts::123456789012:assumed-role/ops/{{SessionName}}"
    assert code_of(eks.create_access_entry, clusterName="dev", principalArn=USER) == "ResourceInUseException"
    changed = eks.update_access_entry(clusterName="dev", principalArn=USER, kubernetesGroups=[])["accessEntry"]
    assert changed["kubernetesGroups"] == []
    assert eks.list_access_entries(clusterName="dev")["accessEntries"] == [USER, ROLE]
    eks.delete_access_entry(clusterName="dev", principalArn=ROLE)
    assert code_of(eks.describe_access_entry, clusterName="dev", principalArn=ROLE) == "ResourceNotFoundException"


def test_invalid_entries(running: Running, cluster: dict[str, Any]) -> None:
    create = running.client("eks").create_access_entry
    masters = {"clusterName": "dev", "principalArn": USER, "kubernetesGroups": ["system:masters"]}
    assert code_of(create, **masters) == "InvalidParameterException"
    assert code_of(create, clusterName="dev", principalArn="nobody") == "InvalidParameterException"
    assert code_of(create, clusterName="dev", principalArn=USER, type="FARGATE_LINUX") == "InvalidParameterException"


def test_policies(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    where = {"clusterName": "dev", "principalArn": USER}
    everywhere = {"type": "cluster"}
    assert code_of(eks.associate_access_policy, **where, policyArn=ADMIN, accessScope=everywhere) == (
        "ResourceNotFoundException"
    )
    eks.create_access_entry(**where)
    eks.associate_access_policy(**where, policyArn=ADMIN, accessScope=everywhere)
    eks.associate_access_policy(**where, policyArn=VIEW, accessScope={"type": "namespace", "namespaces": ["a"]})
    found = eks.list_associated_access_policies(**where)["associatedAccessPolicies"]
    assert [(item["policyArn"], item["accessScope"]["type"]) for item in found] == [
        (ADMIN, "cluster"),
        (VIEW, "namespace"),
    ]
    assert eks.list_access_entries(clusterName="dev", associatedPolicyArn=VIEW)["accessEntries"] == [USER]
    eks.disassociate_access_policy(**where, policyArn=ADMIN)
    left = eks.list_associated_access_policies(**where)["associatedAccessPolicies"]
    assert [item["policyArn"] for item in left] == [VIEW]
    assert code_of(eks.disassociate_access_policy, **where, policyArn=ADMIN) == "ResourceNotFoundException"
    wrong = {"policyArn": ADMIN + "x", "accessScope": everywhere}
    assert code_of(eks.associate_access_policy, **where, **wrong) == "ResourceNotFoundException"
    no_namespaces = {"policyArn": VIEW, "accessScope": {"type": "namespace"}}
    assert code_of(eks.associate_access_policy, **where, **no_namespaces) == "InvalidParameterException"


def test_creator_is_administrator_by_default(running: Running, network: Network) -> None:
    create_cluster(running, network, accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"})
    eks = running.client("eks")
    creator = "arn:aws:iam::123456789012:user/deployer"
    assert eks.list_access_entries(clusterName="dev")["accessEntries"] == [creator]
    policies = eks.list_associated_access_policies(clusterName="dev", principalArn=creator)
    assert [item["policyArn"] for item in policies["associatedAccessPolicies"]] == [ADMIN]


def test_entries_need_the_api_mode(running: Running, network: Network) -> None:
    create_cluster(running, network, accessConfig={"authenticationMode": "CONFIG_MAP"})
    list_entries = running.client("eks").list_access_entries
    assert code_of(list_entries, clusterName="dev") == "InvalidRequestException"
