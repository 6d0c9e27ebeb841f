"""Validation of variables: every problem names the variable and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import validation

KNOWN = ["local", "dev", "staging", "prod"]


def assert_said(problems: list[str], variable: str, said: str) -> None:
    assert any(problem.startswith(variable) and said in problem for problem in problems), problems


TAGS = {
    "flaskops:project": "flask",
    "flaskops:environment": "dev",
    "flaskops:managed-by": "flaskops.eks",
    "team": "web",
}


def environment(**changes: Any) -> dict[str, Any]:
    values = {"environment": "dev", "project": "flask", "name": "flask-dev", "aws": {"region": "eu-west-1"}}
    return {**values, "tags": TAGS, "account_id": "", **changes}


@pytest.mark.parametrize("account", ["", "012345678901"])
def test_known_environment_is_valid(account: str) -> None:
    assert validation.environment_problems(environment(account_id=account), KNOWN) == []


@pytest.mark.parametrize(
    ("changes", "variable", "said"),
    [
        ({"environment": ""}, "flaskops_environment", "-i inventories/"),
        ({"environment": "porduction"}, "flaskops_environment", "unknown"),
        ({"project": "Flask_App"}, "flaskops_project", "lower case"),
        ({"name": "1flask"}, "flaskops_name", "beginning with a letter"),
        ({"aws": {}}, "flaskops_aws.region", "not a region"),
        ({"aws": {"region": "Ireland"}}, "flaskops_aws.region", "eu-west-1"),
        (
            {"tags": {"team": "web"}},
            "flaskops_tags",
            "flaskops:project, flaskops:environment, flaskops:managed-by missing",
        ),
        ({"tags": {**TAGS, "flaskops:project": ""}}, "flaskops_tags", "flaskops:project missing or empty"),
        ({"tags": "web"}, "flaskops_tags", "set them as in"),
        ({"account_id": "12"}, "flaskops_account_id", "twelve digits"),
        ({"account_id": 12345678901}, "flaskops_account_id", "in quotes"),  # YAML took its leading zero
    ],
)
def test_environment_problems(changes: dict[str, Any], variable: str, said: str) -> None:
    assert_said(validation.environment_problems(environment(**changes), KNOWN), variable, said)


DEPLOYER = {"principal_arn": "arn:aws:iam::123456789012:role/deployer"}


def group(**changes: Any) -> dict[str, Any]:
    return {"name": "general", "min_size": 1, "desired_size": 2, "max_size": 3, **changes}


def pod(namespace: str, **more: str) -> dict[str, str]:
    return {"namespace": namespace, "service_account": "app", **more}


def cluster(**changes: Any) -> dict[str, Any]:
    return {
        "name": "flask-dev",
        "role_names": ["flask-dev-eks-cluster"],
        "version": "1.34",
        "public_access": True,
        "private_access": True,
        "public_access_cidrs": ["10.20.0.0/16"],
        "node_groups": [group()],
        "access_entries": [],
        "admin_principal_arn": "arn:aws:iam::123456789012:role/deployer",
        "caller_is_admin": False,
        "pod_identity_associations": [],
        **changes,
    }


def test_usual_cluster_is_valid() -> None:
    entry = {"principal_arn": "arn:aws:iam::123456789012:role/team/deployer"}
    association = {"namespace": "flask", "service_account": "app", "role_name": "my-app-eks-pod-role", "role_arn": ""}
    leaving = {"namespace": "flask", "service_account": "old", "state": "absent"}
    associations = [association, leaving]
    assert validation.eks_problems(cluster(access_entries=[entry], pod_identity_associations=associations)) == []


@pytest.mark.parametrize(
    ("changes", "variable", "said"),
    [
        ({"name": "-x"}, "eks_name", "not a cluster name"),
        ({"role_names": ["x" * 70]}, "eks_name", "shorten eks_name by 6"),
        ({"version": 1.3}, "eks_version", "quoted"),
        ({"version": "latest"}, "eks_version", "not a minor version"),
        ({"public_access": False, "private_access": False}, "eks_endpoint_public_access", "unreachable"),
        ({"public_access_cidrs": []}, "eks_public_access_cidrs", "empty"),
        ({"public_access_cidrs": ["10.0.0.1/8"]}, "eks_public_access_cidrs", "not a CIDR block"),
        (
            {"public_access_cidrs": ["10.20.0.0/16", "203.0.113.0/24"]},
            "eks_public_access_cidrs",
            "203.0.113.0/24 is reserved",
        ),
        ({"node_groups": []}, "eks_node_groups", "no pods could run"),
        ({"node_groups": [group(state="absent")]}, "eks_node_groups", "no pods could run"),
        ({"node_groups": [group(), group(state="absent")]}, "eks_node_groups", "twice"),
        (
            {"node_groups": [group(), {"name": "my group", "state": "absent"}]},
            "eks_node_groups",
            "not a node group name",
        ),
        ({"node_groups": [group(), group()]}, "eks_node_groups", "twice"),
        ({"node_groups": [group(desired_size=4)]}, "eks_node_groups", "min_size <= desired_size <= max_size"),
        ({"node_groups": [group(min_size=0, desired_size=0, max_size=0)]}, "eks_node_groups", "at least one node"),
        ({"node_groups": [group(name="my group")]}, "eks_node_groups", "not a node group name"),
        ({"access_entries": [{"principal_arn": "deployer"}]}, "eks_access_entries", "not the ARN"),
        ({"access_entries": [DEPLOYER, {**DEPLOYER, "state": "absent"}]}, "eks_access_entries", "appears twice"),
        ({"access_entries": [DEPLOYER]}, "eks_access_entries", "replace its policy"),
        ({"admin_principal_arn": "arn:aws:iam::123456789012:root"}, "eks_admin_principal_arn", "not the ARN"),
        ({"admin_principal_arn": ""}, "eks_admin_principal_arn", "eks_caller_is_admin"),
        (
            {"pod_identity_associations": [{"namespace": "a", "service_account": "b"}]},
            "eks_pod_identity_associations",
            "either role_arn",
        ),
        (
            {
                "pod_identity_associations": [
                    {"namespace": "a", "service_account": "b", "role_arn": "arn", "role_name": "name"}
                ]
            },
            "eks_pod_identity_associations",
            "exactly one",
        ),
        (
            {"pod_identity_associations": [pod("a", role_name="one"), pod("a", role_name="two")]},
            "eks_pod_identity_associations",
            "a/app appears twice",
        ),
        (
            {"pod_identity_associations": [pod("a", role_name="one"), pod("b", role_name="one")]},
            "eks_pod_identity_associations",
            "a/app and b/app have the same role_name 'one'",
        ),
        (
            {"pod_identity_associations": [pod("a", role_name="flask-dev-eks-cluster", state="absent")]},
            "eks_pod_identity_associations",
            "used by the cluster",
        ),
    ],
)
def test_cluster_problems(changes: dict[str, Any], variable: str, said: str) -> None:
    assert_said(validation.eks_problems(cluster(**changes)), variable, said)


@pytest.mark.parametrize(
    "associations",
    [
        [pod("new", role_name="app"), pod("old", role_name="app", state="absent")],
        [pod("flask", role_name="app"), pod("flask", role_name="old", state="absent")],
        [pod("a", role_arn="arn:shared"), pod("b", role_arn="arn:shared")],
        [pod("a", role_arn="arn:shared", role_name=""), pod("b", role_arn="arn:shared", role_name="")],
    ],
    ids=["a pod moves", "a pod gets another role", "an existing role is shared", "with an empty role_name"],
)
def test_valid_associations(associations: list[dict[str, str]]) -> None:
    assert validation.eks_problems(cluster(pod_identity_associations=associations)) == []


def test_private_cluster_needs_no_public_blocks() -> None:
    assert validation.eks_problems(cluster(public_access=False, public_access_cidrs=[])) == []


def test_caller_may_be_administrator_if_enabled() -> None:
    assert validation.eks_problems(cluster(admin_principal_arn="", caller_is_admin=True)) == []


def test_absent_node_group_needs_only_its_name() -> None:
    assert validation.eks_problems(cluster(node_groups=[group(), {"name": "old", "state": "absent"}])) == []


def names(**changes: Any) -> dict[str, Any]:
    return {"zone_name": "example.com", "domain": "app.example.com", "alternative_names": ["*.example.com"], **changes}


@pytest.mark.parametrize("changes", [{}, {"zone_name": "example.com."}, {"domain": "example.com"}])
def test_names_in_the_zone(changes: dict[str, Any]) -> None:
    assert validation.dns_tls_problems(names(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "variable", "said"),
    [
        ({"zone_name": "example"}, "dns_tls_zone_name", "not a domain name"),
        ({"zone_name": "", "domain": "app."}, "dns_tls_zone_name", "your zone"),
        ({"domain": "app.other.org"}, "dns_tls_domain", "is not inside"),
        ({"domain": "notexample.com"}, "dns_tls_domain", "is not inside"),
        ({"alternative_names": ["a b.example.com"]}, "dns_tls_alternative_names", "not a domain name"),
    ],
)
def test_name_problems(changes: dict[str, Any], variable: str, said: str) -> None:
    assert_said(validation.dns_tls_problems(names(**changes)), variable, said)


@pytest.mark.parametrize("days", [0, 7, 30])
def test_valid_recovery_windows(days: int) -> None:
    usual = {"prefix": "flask-dev", "recovery_window_days": days, "database_username": "flask"}
    assert validation.secrets_problems(usual) == []


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"prefix": "flask/"}, "secrets_prefix"),
        ({"prefix": "fläsk"}, "secrets_prefix"),
        ({"recovery_window_days": 3}, "secrets_recovery_window_days"),
        ({"recovery_window_days": 31}, "secrets_recovery_window_days"),
        ({"database_username": "a-b"}, "secrets_database_username"),
        ({"database_username": "averyveryverylongname"}, "secrets_database_username"),
    ],
)
def test_secret_problems(changes: dict[str, Any], variable: str) -> None:
    usual = {"prefix": "flask-dev", "recovery_window_days": 7, "database_username": "flask"}
    assert_said(validation.secrets_problems({**usual, **changes}), variable, "")


def stores(database: dict[str, Any] | None = None, cache: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "database": {
            "identifier": "flask-dev",
            "name": "flask",
            "backup_retention_days": 7,
            "allocated_storage": 20,
            "max_allocated_storage": 100,
            "deletion_protection": True,
            "final_snapshot": True,
            **(database or {}),
        },
        "cache": {
            "identifier": "flask-dev",
            "engine": "redis",
            "engine_version": "7.1",
            "nodes": 2,
            "automatic_failover": True,
            "multi_az": True,
            **(cache or {}),
        },
    }


def test_usual_data_stores_are_valid() -> None:
    assert validation.data_stores_problems(stores()) == []
    assert validation.data_stores_problems(stores({"max_allocated_storage": 0})) == []
    assert validation.data_stores_problems(stores({}, {"engine": "valkey", "engine_version": "10.0"})) == []


@pytest.mark.parametrize(
    ("database", "cache", "variable", "said"),
    [
        ({"identifier": "x" * 64}, {}, "data_stores_database_identifier", "up to 63"),
        ({"identifier": "flask--dev"}, {}, "data_stores_database_identifier", "single"),
        ({}, {"identifier": "x" * 41}, "data_stores_cache_identifier", "up to 40"),
        ({"name": "my-db"}, {}, "data_stores_database_name", "not a database name"),
        ({"backup_retention_days": 36}, {}, "data_stores_database_backup_retention_days", "0 to 35"),
        ({"max_allocated_storage": 20}, {}, "data_stores_database_max_allocated_storage", "not above"),
        ({"final_snapshot": False}, {}, "data_stores_database_final_snapshot", "needs a final snapshot"),
        ({}, {"nodes": 0}, "data_stores_cache_nodes", "at least 1"),
        ({}, {"nodes": 1}, "data_stores_cache_nodes", "no replica for failover"),
        ({}, {"automatic_failover": False}, "data_stores_cache_multi_az", "automatic_failover"),
        ({}, {"engine": "valkey"}, "data_stores_cache_engine_version", "7.2"),
        ({}, {"engine_version": "newest"}, "data_stores_cache_engine_version", "not a version"),
    ],
)
def test_data_store_problems(database: dict[str, Any], cache: dict[str, Any], variable: str, said: str) -> None:
    assert_said(validation.data_stores_problems(stores(database, cache)), variable, said)


def test_error_message_lists_every_problem() -> None:
    assert validation.refusal([]) == ""
    assert validation.refusal(["a: x", "b: y"]) == "Invalid variables, nothing was changed:\n- a: x\n- b: y"


@pytest.mark.parametrize("document", ["", None, [], [""]])
def test_missing_secret_returns_the_placeholder(document: Any) -> None:
    assert validation.secret_value(document, "password") == "(known after apply)"


def test_secret_value_is_read_by_key() -> None:
    assert validation.secret_value('{"username": "u", "password": "p"}', "password") == "p"
    assert validation.secret_value(['{"password": "p"}'], "password") == "p"


@pytest.mark.parametrize("document", ["hunter2", '{"other": "hunter2"}', '["hunter2"]'])
def test_document_without_the_key_is_not_quoted(document: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        validation.secret_value(document, "password")
    assert "'password'" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
