"""Every AWS module through its main(), against the sandbox's account in process (its Kubernetes is a fake).

Each step is predicted in check mode first: the prediction must name the actions that the run then does, and a second
run must do nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import threading
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest
from ansible.module_utils.testing import patch_module_args

# The fixtures of the account's own tests, by path: every folder's conftest has the same module name.
_ACCOUNT = Path(__file__).parents[4] / "sandbox/tests/account"
sys.path.insert(0, str(_ACCOUNT))
_SPEC = importlib.util.spec_from_file_location("account_fixtures", _ACCOUNT / "conftest.py")
assert _SPEC is not None
assert _SPEC.loader is not None
fixtures = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fixtures)
account_calls = importlib.import_module("account_fakes").calls

state_root, instance, running, network = fixtures.state_root, fixtures.instance, fixtures.running, fixtures.network

LOADER = botocore.loaders.create_loader()
TAGS = {"flaskops:environment": "test", "flaskops:component": "eks", "flaskops:managed-by": "flaskops.eks"}
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
TOKEN = "abcdefghijklmnop1234"


def mutations(running: Any) -> list[str]:
    """The calls that changed the account, from its own log."""
    return [call["action"] for call in account_calls(running) if call["mutating"]]


class Runner:
    """Runs a module's main() in this process, several times, as the in-process action plugin does."""

    def __init__(self, running: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.running, self.capsys = running, capsys

    def __call__(self, module_name: str, /, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        keys = self.running.account.instance.credentials()["deployer"]
        arguments = {
            "region": "eu-west-1",
            "endpoint_url": self.running.url,
            "access_key": keys["access_key"],
            "secret_key": keys["secret_key"],
            "_ansible_check_mode": check_mode,
            **options,
        }
        module = importlib.import_module(f"ansible_collections.flaskops.eks.plugins.modules.{module_name}")
        self.capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        result = json.loads(self.capsys.readouterr().out)
        assert isinstance(result, dict)
        return result

    def converge(self, module_name: str, /, **options: Any) -> dict[str, Any]:
        """Predict, do, and see that nothing is left to do. Returns what the run said."""
        calls = mutations(self.running)
        predicted = self(module_name, check_mode=True, **options)
        assert mutations(self.running) == calls
        real = self(module_name, **options)
        assert "failed" not in real, real["msg"]
        assert (predicted["changed"], predicted["actions"]) == (real["changed"], real["actions"])
        calls = mutations(self.running)
        again = self(module_name, **options)
        assert (again["changed"], again["actions"], mutations(self.running)) == (False, [], calls)
        return real


@pytest.fixture
def run(running: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    resource = importlib.import_module("ansible_collections.flaskops.eks.plugins.module_utils.aws.resource")
    monkeypatch.setattr(resource, "POLL_SHORTEST", 0.02)
    # Each client of a new session would read botocore's service models again; the in-process runner shares them too.
    monkeypatch.setattr(botocore.loaders, "create_loader", lambda *_: LOADER)
    return Runner(running, capsys)


@pytest.fixture
def role(running: Any) -> str:
    return str(running.role("cluster", "eks.amazonaws.com"))


@pytest.fixture
def group(network: Any, running: Any) -> dict[str, Any]:
    """The options of a node group."""
    return {
        "cluster_name": "c",
        "name": "n",
        "node_role_arn": running.role("node", "ec2.amazonaws.com"),
        "subnet_ids": network.subnet_ids,
        "scaling_config": {"min_size": 2, "max_size": 4},
        "tags": TAGS,
    }


def test_cluster(run: Runner, network: Any, role: str, running: Any) -> None:
    options = {
        "name": "c",
        "version": "1.33",
        "role_arn": role,
        "subnet_ids": network.subnet_ids,
        "endpoint_private_access": True,
        "log_types": ["audit", "api"],
        "tags": TAGS,
    }
    before = run("eks_cluster", check_mode=True, **options)["cluster"]
    assert before["endpoint"] == before["identity"]["oidc"]["issuer"] == "(known after apply)"
    created = run.converge("eks_cluster", **options)
    assert created["actions"] == ["create cluster c (Kubernetes 1.33)"]
    assert created["cluster"]["status"] == "ACTIVE"
    assert created["cluster"]["access_config"]["authentication_mode"] == "API"
    assert created["diff"] == {"before": {}, "after": created["after"]}
    changed = run.converge(
        "eks_cluster",
        **{
            **options,
            "subnet_ids": network.subnet_ids[::-1],
            "version": "1.34",
            "log_types": ["api"],
            "endpoint_public_access": False,
            "deletion_protection": True,
            "tags": {**TAGS, "note": "x"},
        },
    )
    assert changed["actions"] == [
        "set tags note=x",
        "set deletion protection to True",
        "set log types to api",
        "set endpoint access: endpoint_public_access False, endpoint_private_access True",
        "upgrade Kubernetes from 1.33 to 1.34",
    ]
    assert (changed["after"]["version"], changed["after"]["log_types"]) == ("1.34", ["api"])
    assert "Set version to 1.34." in run("eks_cluster", name="c", version="1.33")["msg"]
    assert "protected from deletion" in run("eks_cluster", name="c", state="absent")["msg"]
    gone = run.converge("eks_cluster", name="c", state="absent", deletion_protection=False)
    assert (gone["actions"][-1], gone["cluster"]) == ("delete cluster c", {})
    assert [call for call in mutations(running) if "Cluster" in call or "Tag" in call] == [
        "CreateCluster",
        "TagResource",
        *["UpdateClusterConfig"] * 3,
        "UpdateClusterVersion",
        "UpdateClusterConfig",
        "DeleteCluster",
    ]


def test_start_returns_and_finish_waits(run: Runner, network: Any, role: str, running: Any) -> None:
    ready = threading.Event()
    create = running.kubernetes.create

    def slow(*arguments: Any) -> Any:
        ready.wait(10.0)
        return create(*arguments)

    running.kubernetes.create = slow
    options = {"name": "c", "role_arn": role, "subnet_ids": network.subnet_ids, "tags": TAGS}
    started = run("eks_cluster", wait=False, **options)
    assert (started["changed"], started["cluster"]["status"]) == (True, "CREATING")
    again = run("eks_cluster", wait=False, **options)
    assert (again["changed"], again["cluster"]["status"]) == (False, "CREATING")
    assert run("eks_cluster", check_mode=True, **options)["cluster"]["endpoint"] == "(known after apply)"
    threading.Timer(0.3, ready.set).start()
    finished = run("eks_cluster", **options)
    assert (finished["changed"], finished["cluster"]["status"]) == (False, "ACTIVE")


def test_nodegroup(run: Runner, network: Any, role: str, group: dict[str, Any]) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids, version="1.33")
    options = {
        **group,
        "labels": {"Tier": "a", "b": "1"},
        "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
        "instance_types": ["m7g.large"],
    }
    assert run.converge("eks_nodegroup", **options)["nodegroup"]["status"] == "ACTIVE"
    changed = run.converge(
        "eks_nodegroup",
        **{
            **options,
            "subnet_ids": network.subnet_ids[::-1],
            "labels": {"Tier": "z"},
            "taints": [],
            "scaling_config": {"min_size": 1, "max_size": 5},
            "update_config": {"max_unavailable_percentage": 50},
        },
    )
    assert changed["actions"] == [
        "set label Tier=z; remove label b; remove taint k=v:NO_SCHEDULE; set min_size to 1; "
        "set max_size to 5; set max_unavailable_percentage to 50"
    ]
    assert changed["after"]["scaling_config"] == {"min_size": 1, "max_size": 5, "desired_size": 2}
    refused = run("eks_nodegroup", **{**options, "instance_types": ["m7g.xlarge"]})
    assert refused["immutable"] == ["instance_types"]
    blocked = run("eks_cluster", name="c", state="absent")
    assert blocked["nodegroups"] == ["n"]
    assert run.converge("eks_nodegroup", cluster_name="c", name="n", state="absent")["nodegroup"] == {}


def test_versions_of_nodes_and_addons(run: Runner, network: Any, role: str, group: dict[str, Any]) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids, version="1.33")
    run("eks_nodegroup", **group)
    addon = {"cluster_name": "c", "name": "kube-proxy"}
    run("eks_addon", **addon, version="v1.33.3-eksbuild.6")
    newer = run("eks_nodegroup", **group, version="1.34")["msg"]
    assert newer.startswith("node group n: replace the nodes: Kubernetes 1.34: ")
    assert "InvalidParameterException" in newer
    assert "newer than the cluster's 1.33" in newer
    unsupported = run("eks_addon", **addon, version="v1.34.1-eksbuild.2")["msg"]
    assert unsupported.startswith("add-on kube-proxy: update add-on kube-proxy: version (to v1.34.1-eksbuild.2): ")
    assert "Addon version specified is not supported" in unsupported

    run("eks_cluster", name="c", version="1.34")
    released = run.converge("eks_nodegroup", **group, release_version="1.33.9-20990101")
    assert (released["after"]["version"], released["after"]["release_version"]) == ("1.33", "1.33.9-20990101")
    upgraded = run.converge("eks_nodegroup", **group, version="1.34")
    assert upgraded["actions"] == ["replace the nodes: Kubernetes 1.34"]
    assert (upgraded["before"]["version"], upgraded["after"]["version"]) == ("1.33", "1.34")
    assert upgraded["nodegroup"]["status"] == "ACTIVE"
    assert "cannot roll it back to 1.33" in run("eks_nodegroup", **group, version="1.33")["msg"]
    upgraded = run.converge("eks_addon", **addon, version="v1.34.1-eksbuild.2")
    assert upgraded["addon"]["addon_version"] == upgraded["after"]["version"] == "v1.34.1-eksbuild.2"
    for module, named in (("eks_nodegroup", group), ("eks_addon", addon)):
        assert not run(module, **named)["changed"], "a version that is not mentioned is not compared"


def test_failed_nodes_are_reported_and_created_again(
    run: Runner, network: Any, role: str, group: dict[str, Any], running: Any
) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids)
    running.kubernetes.fail.add("join_nodes")
    failed = run("eks_nodegroup", **group)
    assert failed["failed"]
    assert "node group n is CREATE_FAILED: " in failed["msg"]
    assert failed["issues"]
    running.kubernetes.fail.clear()
    mended = run.converge("eks_nodegroup", **group)
    assert [action.split(" (")[0] for action in mended["actions"]] == ["delete node group n", "create node group n"]


def test_addon(run: Runner, network: Any, role: str, running: Any) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids, version="1.33")
    pods = running.role("pods", "pods.eks.amazonaws.com")
    options = {"cluster_name": "c", "name": "vpc-cni", "configuration_values": {"env": {"A": "1"}}, "tags": TAGS}
    created = run.converge("eks_addon", **options)
    assert created["addon"]["status"] == "ACTIVE"
    changed = run.converge(
        "eks_addon",
        **{
            **options,
            "configuration_values": "env: {A: '2'}",
            "pod_identity_associations": [{"service_account": "aws-node", "role_arn": pods}],
        },
    )
    assert changed["actions"] == ["update add-on vpc-cni: configuration_values, pod_identity_associations"]
    assert changed["after"]["configuration_values"] == {"env": {"A": "2"}}
    owned = run(
        "eks_pod_identity_association",
        cluster_name="c",
        namespace="kube-system",
        service_account="aws-node",
        state="absent",
    )
    assert "belongs to the add-on" in owned["msg"]
    assert run.converge("eks_addon", cluster_name="c", name="vpc-cni", state="absent")["addon"] == {}


def test_access_entry(run: Runner, network: Any, role: str, running: Any) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids)
    principal = running.role("people", "ec2.amazonaws.com")
    options = {
        "cluster_name": "c",
        "principal_arn": principal,
        "kubernetes_groups": ["b", "a"],
        "tags": TAGS,
        "policies": [{"policy_arn": VIEW, "scope": {"type": "namespace", "namespaces": ["flask"]}}],
    }
    created = run.converge("eks_access_entry", **options)
    assert created["after"]["policies"] == [
        {"policy_arn": VIEW, "scope": {"type": "namespace", "namespaces": ["flask"]}}
    ]
    changed = run.converge(
        "eks_access_entry", **{**options, "kubernetes_groups": ["a"], "policies": [{"policy_arn": VIEW}]}
    )
    assert changed["actions"] == ["set kubernetes_groups to ['a']", "associate AmazonEKSViewPolicy for the cluster"]
    assert "cannot change its type" in run("eks_access_entry", **{**options, "type": "EC2_LINUX"})["msg"]
    assert run.converge("eks_access_entry", cluster_name="c", principal_arn=principal, state="absent")["changed"]


def test_pod_identity_association(run: Runner, network: Any, role: str, running: Any) -> None:
    run("eks_cluster", name="c", role_arn=role, subnet_ids=network.subnet_ids)
    first = running.role("first", "pods.eks.amazonaws.com")
    second = running.role("second", "pods.eks.amazonaws.com")
    key = {"cluster_name": "c", "namespace": "flask", "service_account": "app"}
    assert run.converge("eks_pod_identity_association", **key, role_arn=first, tags=TAGS)["after"]["tags"] == TAGS
    changed = run.converge("eks_pod_identity_association", **key, role_arn=second)
    assert changed["association"]["role_arn"] == second
    assert run.converge("eks_pod_identity_association", **key, state="absent")["association"] == {}


def test_oidc_provider(run: Runner, running: Any) -> None:
    url = "https://oidc.eks.eu-west-1.amazonaws.com/id/A1"
    made = run.converge("iam_oidc_provider", url=url, tags=TAGS)
    assert made["provider"]["client_ids"] == ["sts.amazonaws.com"] and made["provider"]["tags"] == TAGS
    (listed,) = running.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert listed["Arn"] == made["provider"]["arn"]
    assert run.converge("iam_oidc_provider", url=url, tags={**TAGS, "more": "1"})["changed"]
    foreign = run("iam_oidc_provider", url=url, tags={**TAGS, "flaskops:environment": "other"}, state="absent")
    assert foreign["failed"] and "is not this environment's own" in foreign["msg"]
    assert run.converge("iam_oidc_provider", url=url, tags=TAGS, state="absent")["provider"] == {}


def test_children_of_a_missing_cluster_are_planned(run: Runner) -> None:
    planned = run(
        "eks_access_entry",
        check_mode=True,
        cluster_name="none",
        principal_arn="arn:aws:iam::1:role/x",
        policies=[{"policy_arn": VIEW}],
    )
    assert planned["actions"] == [
        "create access entry of arn:aws:iam::1:role/x",
        "associate AmazonEKSViewPolicy for the cluster",
    ]
    assert not run("eks_addon", cluster_name="none", name="vpc-cni", state="absent")["changed"]
    assert "none" in run("eks_addon", cluster_name="none", name="vpc-cni")["msg"]


def test_untagged_objects_are_not_removed(
    run: Runner, network: Any, role: str, group: dict[str, Any], running: Any
) -> None:
    """Its protection stays as well. Of an entry or association there can only be one, so that one is meant."""
    protected = {"name": "c", "role_arn": role, "subnet_ids": network.subnet_ids, "deletion_protection": True}
    assert run("eks_cluster", **protected)["changed"]
    assert run("eks_nodegroup", **{**group, "tags": None})["changed"]
    addon = {"cluster_name": "c", "name": "vpc-cni"}
    assert run("eks_addon", **addon)["changed"]
    entry = {"cluster_name": "c", "principal_arn": running.role("people", "ec2.amazonaws.com")}
    assert run("eks_access_entry", **entry)["changed"]
    association = {"cluster_name": "c", "namespace": "flask", "service_account": "app"}
    pods = running.role("pods", "pods.eks.amazonaws.com")
    assert run("eks_pod_identity_association", **association, role_arn=pods)["changed"]
    calls = mutations(running)
    for module_name, options in (
        ("eks_cluster", {"name": "c", "deletion_protection": False}),
        ("eks_nodegroup", {"cluster_name": "c", "name": "n"}),
        ("eks_addon", addon),
    ):
        refused = run(module_name, **options, tags=TAGS, state="absent")
        assert "its tags (none) say that it is not this environment's own" in refused["msg"], module_name
    assert mutations(running) == calls
    run.converge("eks_access_entry", **entry, tags=TAGS, state="absent")
    run.converge("eks_pod_identity_association", **association, tags=TAGS, state="absent")


def test_replication_group(run: Runner, network: Any, running: Any) -> None:
    cache = running.client("elasticache")
    cache.create_cache_subnet_group(
        CacheSubnetGroupName="s", CacheSubnetGroupDescription="s", SubnetIds=network.subnet_ids
    )
    options = {
        "replication_group_id": "g",
        "description": "d",
        "engine": "redis",
        "node_type": "cache.t4g.small",
        "num_cache_clusters": 2,
        "automatic_failover": True,
        "transit_encryption": True,
        "auth_token": TOKEN,
        "at_rest_encryption": True,
        "subnet_group_name": "s",
        "snapshot_retention_limit": 1,
        "tags": TAGS,
    }
    created = run.converge("elasticache_replication_group", **options)
    group = created["replication_group"]
    assert (group["status"], group["num_cache_clusters"], created["after"]["tags"]) == ("available", 2, TAGS)
    assert group["primary_endpoint"]["address"]
    assert TOKEN not in json.dumps(created["after"])
    changed = run.converge("elasticache_replication_group", **{**options, "description": "e", "tags": {}})
    assert changed["actions"][-1] == "set description to e"
    untagged = run("elasticache_replication_group", replication_group_id="g", tags=TAGS, state="absent")
    assert "its tags (none) say that it is not this environment's own" in untagged["msg"]
    refused = run("elasticache_replication_group", **{**options, "transit_encryption": False})
    assert "transit_encryption" in refused["msg"]
    rotated = run("elasticache_replication_group", **{**options, "auth_token": TOKEN[::-1], "update_auth_token": True})
    assert rotated["actions"][-1] == "make the authentication token the only one"
    gone = run.converge("elasticache_replication_group", replication_group_id="g", state="absent")
    assert gone["replication_group"] == {}


def test_certificate(run: Runner, running: Any) -> None:
    dns = running.client("route53")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].split("/")[-1]
    options = {
        "domain_name": "example.com",
        "subject_alternative_names": ["*.example.com"],
        "zone_id": zone,
        "tags": TAGS,
    }
    issued = run.converge("acm_certificate", **options)
    assert issued["actions"] == [
        "request a certificate for example.com, *.example.com",
        f"write the validation records into zone {zone}",
    ]
    assert (issued["certificate"]["status"], issued["after"]["tags"]) == ("ISSUED", TAGS)
    assert all(record["present"] for record in issued["certificate"]["validation_records"])
    more = run.converge("acm_certificate", **{**options, "tags": {**TAGS, "note": "x"}})
    assert more["actions"] == ["set tags note=x"]
    gone = run.converge("acm_certificate", domain_name="example.com", zone_id=zone, tags=TAGS, state="absent")
    assert gone["certificate"] == {}
    left = {record["Type"] for record in dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]}
    assert left == {"NS", "SOA"}


def test_secrets_are_described_without_value_or_change(run: Runner, running: Any) -> None:
    manager = running.client("secretsmanager")
    tags = [{"Key": "flaskops:environment", "Value": "test"}, {"Key": "costCentre", "Value": "4711"}]
    manager.create_secret(Name="a/database", Description="Of the database", SecretString=TOKEN, Tags=tags)
    manager.create_secret(Name="a/cache", SecretString=TOKEN)
    manager.delete_secret(SecretId="a/cache", RecoveryWindowInDays=7)
    before = mutations(running)
    seen = len(account_calls(running))
    told = run("secretsmanager_secret_info", names=["a/database", "a/nothing", "a/cache"])
    assert [secret["name"] for secret in told["secrets"]] == ["a/database", "a/cache"]
    database, cache = told["secrets"]
    assert database["tags"] == {"flaskops:environment": "test", "costCentre": "4711"}
    assert (database["description"], database["deleted_date"], database["rotation_enabled"]) == (
        "Of the database",
        "",
        False,
    )
    assert cache["deleted_date"] and not cache["tags"]
    assert TOKEN not in json.dumps(told)
    assert mutations(running) == before and not told["changed"]
    assert {call["action"] for call in account_calls(running)[seen:]} == {"DescribeSecret"}


def test_a_secret_that_cannot_be_described_is_named(run: Runner) -> None:
    told = run("secretsmanager_secret_info", names=["a/database"], secret_key="wrong", access_key="wrong")
    assert told["failed"] and told["msg"].startswith("secret a/database could not be described")
