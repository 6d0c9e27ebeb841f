"""Every module that only reads: what exists is described with its tags, what does not is left out, nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from account_fakes import Network, Running, calls, create_cluster

TAGS = {"flaskops:environment": "test", "flaskops:managed-by": "flaskops.eks"}
LISTED = [{"Key": key, "Value": value} for key, value in TAGS.items()]
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}'
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def network(running: Running) -> Network:
    ec2 = running.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = {"a": "10.0.0.0/24", "b": "10.0.1.0/24"}
    return Network(
        vpc,
        [
            ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
            for zone, block in zones.items()
        ],
    )


@pytest.fixture
def ask(run: Run, running: Running) -> Run:
    """Run an _info module; it must be equal in check mode and must not write."""

    def asked(name: str, **options: Any) -> dict[str, Any]:
        before = len(calls(running))
        found = run(name, **options)
        assert "failed" not in found, found["msg"]
        assert run(name, check_mode=True, **options) == found
        assert not [call["action"] for call in calls(running)[before:] if call["mutating"]]
        assert found.pop("changed") is False
        found.pop("invocation")
        return found

    return asked


def test_iam_managed_policy_info(ask: Run, running: Running) -> None:
    iam = running.client("iam")
    for name, path in (("own", "/teams/a/"), ("other", "/")):
        iam.create_policy(PolicyName=name, Path=path, PolicyDocument=POLICY, Tags=LISTED)
    (policy,) = ask("iam_managed_policy_info", names=["none", "own"])["policies"]
    assert (policy["policy_name"], policy["path"], policy["tags"]) == ("own", "/teams/a/", TAGS)
    assert policy["arn"].endswith(":policy/teams/a/own")
    names = [policy["policy_name"] for policy in ask("iam_managed_policy_info", names=["own", "other"])["policies"]]
    assert names == ["own", "other"]


def test_subnet_group_infos(ask: Run, running: Running, network: Network) -> None:
    running.client("rds").create_db_subnet_group(
        DBSubnetGroupName="own", DBSubnetGroupDescription="db", SubnetIds=network.subnet_ids, Tags=LISTED
    )
    running.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="own", CacheSubnetGroupDescription="cache", SubnetIds=network.subnet_ids, Tags=LISTED
    )
    for name, description in (("rds_subnet_group_info", "db"), ("elasticache_subnet_group_info", "cache")):
        (group,) = ask(name, names=["none", "own"])["subnet_groups"]
        assert (group["name"], group["description"]) == ("own", description)
        assert (group["tags"], group["subnet_ids"]) == (TAGS, sorted(network.subnet_ids))
        assert ask(name, names=["none"]) == {"subnet_groups": []}


def test_ecr_repository_info(ask: Run, running: Running) -> None:
    running.client("ecr").create_repository(repositoryName="own", tags=LISTED, imageTagMutability="IMMUTABLE")
    (repository,) = ask("ecr_repository_info", names=["none", "own"])["repositories"]
    assert (repository["repository_name"], repository["tags"]) == ("own", TAGS)
    assert repository["image_tag_mutability"] == "IMMUTABLE"
    assert repository["repository_uri"].endswith("/own")


def test_eks_infos(ask: Run, running: Running, network: Network) -> None:
    eks = running.client("eks")
    for name, key in (("nodegroup", "nodegroups"), ("addon", "addons"), ("access_entry", "access_entries")):
        assert ask(f"eks_{name}_info", cluster_name="none") == {key: []}
    assert ask("eks_pod_identity_association_info", cluster_name="none") == {"associations": []}
    assert ask("eks_cluster_info") == {"clusters": []}

    create_cluster(running, network, "own", tags=TAGS)
    (cluster,) = ask("eks_cluster_info", names=["own", "none"])["clusters"]
    assert (cluster["name"], cluster["tags"]) == ("own", TAGS)
    assert cluster["endpoint"] and cluster["certificate_authority"]["data"]
    assert ask("eks_cluster_info") == {"clusters": [cluster]}

    role = running.role("node", "ec2.amazonaws.com")
    eks.create_nodegroup(clusterName="own", nodegroupName="n", nodeRole=role, subnets=network.subnet_ids, tags=TAGS)
    (group,) = ask("eks_nodegroup_info", cluster_name="own", names=["n", "none"])["nodegroups"]
    assert (group["nodegroup_name"], group["tags"]) == ("n", TAGS)
    (group,) = ask("eks_nodegroup_info", cluster_name="own")["nodegroups"]

    pods = running.role("pods", "pods.eks.amazonaws.com")
    eks.create_addon(clusterName="own", addonName="vpc-cni", tags=TAGS)
    (addon,) = ask("eks_addon_info", cluster_name="own", names=["vpc-cni", "none"])["addons"]
    assert (addon["addon_name"], addon["tags"]) == ("vpc-cni", TAGS)
    assert len(ask("eks_addon_info", cluster_name="own")["addons"]) == 1

    eks.create_access_entry(clusterName="own", principalArn=pods, tags=TAGS)
    scope = {"type": "cluster"}
    eks.associate_access_policy(clusterName="own", principalArn=pods, policyArn=VIEW, accessScope=scope)
    (entry,) = ask("eks_access_entry_info", cluster_name="own", principal_arns=[pods])["access_entries"]
    assert (entry["principal_arn"], entry["tags"]) == (pods, TAGS)
    assert [policy["policy_arn"] for policy in entry["associated_access_policies"]] == [VIEW]
    assert pods in {row["principal_arn"] for row in ask("eks_access_entry_info", cluster_name="own")["access_entries"]}

    for namespace in ("flask", "shop"):
        eks.create_pod_identity_association(
            clusterName="own", namespace=namespace, serviceAccount="app", roleArn=pods, tags=TAGS
        )
    (found,) = ask("eks_pod_identity_association_info", cluster_name="own", namespace="flask")["associations"]
    assert (found["namespace"], found["service_account"], found["role_arn"]) == ("flask", "app", pods)
    assert found["tags"] == TAGS
    assert len(ask("eks_pod_identity_association_info", cluster_name="own")["associations"]) == 2
    missing = ask("eks_pod_identity_association_info", cluster_name="own", namespace="flask", service_account="no")
    assert missing == {"associations": []}


def test_elasticache_replication_group_info(ask: Run, run: Run, running: Running) -> None:
    assert ask("elasticache_replication_group_info", replication_group_ids=["own"]) == {"replication_groups": []}
    options = {"replication_group_id": "own", "description": "x", "node_type": "cache.t4g.micro", "engine": "redis"}
    created = run("elasticache_replication_group", **options, tags=TAGS)
    assert created["changed"], created
    (group,) = ask("elasticache_replication_group_info", replication_group_ids=["own", "none"])["replication_groups"]
    assert group == created["replication_group"]
    assert (group["replication_group_id"], group["tags"]) == ("own", TAGS)
    assert ask("elasticache_replication_group_info") == {"replication_groups": [group]}


def test_acm_certificate_info(ask: Run, running: Running) -> None:
    acm = running.client("acm")
    wanted = {"domain_name": "example.com", "subject_alternative_names": ["*.example.com"], "tags": TAGS}
    assert ask("acm_certificate_info", **wanted) == {"certificates": []}
    for names, tags in ((["*.example.com"], LISTED), ([], LISTED), (["*.example.com"], [])):
        request = {"SubjectAlternativeNames": names} if names else {}
        acm.request_certificate(
            DomainName="example.com", ValidationMethod="DNS", **request, **({"Tags": tags} if tags else {})
        )
    (certificate,) = ask("acm_certificate_info", **wanted)["certificates"]
    assert certificate["tags"] == TAGS
    assert sorted(certificate["subject_alternative_names"]) == ["*.example.com", "example.com"]
    assert certificate["validation_records"] and all(
        set(record) == {"name", "type", "value"} for record in certificate["validation_records"]
    )
    assert ask("acm_certificate_info", **{**wanted, "key_algorithm": "EC_prime256v1"}) == {"certificates": []}
