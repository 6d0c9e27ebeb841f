"""List existing resources by asking the account and the cluster, not the output of a run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from system import System

MADE_BY_OTHERS = {
    "instances", "interfaces", "volumes", "load balancers", "target groups",
    "security groups of EKS and the controller",
}  # fmt: skip
"""Kinds created by EKS and the load balancer controller, not by the roles; a plan cannot list them."""
NOT_IN_THIS_CHAIN = {"identity providers", "volumes", "keys", "endpoints", "snapshots"}
MADE_BY = {
    "vpcs": "ec2_vpc_net", "subnets": "ec2_vpc_subnet", "route tables": "ec2_vpc_route_table",
    "security groups": "ec2_security_group", "internet gateways": "ec2_vpc_igw", "NAT gateways": "ec2_vpc_nat_gateway",
    "addresses": "ec2_eip", "launch templates": "ec2_launch_template", "clusters": "eks_cluster",
    "node groups": "eks_nodegroup", "add-ons": "eks_addon", "access entries": "eks_access_entry",
    "pod identities": "eks_pod_identity_association", "databases": "rds_instance",
    "database subnet groups": "rds_subnet_group", "caches": "elasticache_replication_group",
    "cache subnet groups": "elasticache_subnet_group", "secrets": "secretsmanager_secret", "repositories": "ecs_ecr",
    "certificates": "acm_certificate", "zones": "route53_zone", "roles": "iam_role", "policies": "iam_managed_policy",
    "log groups": "cloudwatchlogs_log_group",
}  # fmt: skip
"""The module name that the plan shows for each kind; Kubernetes objects keep their kind."""
MAKERS = {"aws:eks:cluster-name", "elbv2.k8s.aws/cluster"}
"""Tags of the security groups created by EKS and the load balancer controller."""
OBJECTS = (
    "deployment", "service", "ingress", "horizontalpodautoscaler", "poddisruptionbudget", "configmap",
    "serviceaccount", "networkpolicy", "externalsecret", "job",
)  # fmt: skip
EVERY_NAMESPACE_HAS = {"default", "kube-root-ca.crt"}


def account(system: System) -> dict[str, set[str]]:
    """Return all resources that a new account does not have: {kind: names, or ids of unnamed resources}."""
    iam = system.client("iam")
    return {
        **_ec2(system.client("ec2")),
        **_stores(system),
        "clusters": set(system.client("eks").list_clusters()["clusters"]),
        "load balancers": _each(system.client("elbv2").describe_load_balancers()["LoadBalancers"], "LoadBalancerName"),
        "target groups": _each(system.client("elbv2").describe_target_groups()["TargetGroups"], "TargetGroupName"),
        "repositories": _each(system.client("ecr").describe_repositories()["repositories"], "repositoryName"),
        "certificates": _each(system.client("acm").list_certificates()["CertificateSummaryList"], "DomainName"),
        "zones": {row["Name"].rstrip(".") for row in system.client("route53").list_hosted_zones()["HostedZones"]},
        "roles": _each(iam.list_roles()["Roles"], "RoleName"),
        "policies": _each(iam.list_policies(Scope="Local")["Policies"], "PolicyName"),
        "identity providers": _each(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"], "Arn"),
        "keys": _keys(system.client("kms")),
        "log groups": _each(system.client("logs").describe_log_groups()["logGroups"], "logGroupName"),
    }


def cluster(system: System, name: str) -> dict[str, set[str]]:
    """Return the sub-resources of an EKS cluster, except the access entry that EKS creates for nodes."""
    eks = system.client("eks")
    principals = eks.list_access_entries(clusterName=name)["accessEntries"]
    entries = [eks.describe_access_entry(clusterName=name, principalArn=arn)["accessEntry"] for arn in principals]
    return {
        "node groups": set(eks.list_nodegroups(clusterName=name)["nodegroups"]),
        "add-ons": set(eks.list_addons(clusterName=name)["addons"]),
        "access entries": _each([row for row in entries if row["type"] == "STANDARD"], "principalArn"),
        "pod identities": _each(eks.list_pod_identity_associations(clusterName=name)["associations"], "serviceAccount"),
    }


def objects(system: System, namespace: str) -> dict[str, set[str]]:
    """Return the objects of a namespace, except those that every namespace has: {kind: namespace/name}."""
    answer = system.kubectl("get", ",".join(OBJECTS), "-n", namespace, "-o", "json")
    assert answer.returncode == 0, answer.stderr
    found: dict[str, set[str]] = {}
    for item in json.loads(answer.stdout)["items"]:
        if item["metadata"]["name"] not in EVERY_NAMESPACE_HAS:
            found.setdefault(item["kind"], set()).add(f"{namespace}/{item['metadata']['name']}")
    return found


def _ec2(ec2: Any) -> dict[str, set[str]]:
    vpcs = [vpc for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    ours = {vpc["VpcId"] for vpc in vpcs}
    tables = [row for row in _of(ec2.describe_route_tables()["RouteTables"], ours) if not _is_main(row)]
    groups = [
        row for row in _of(ec2.describe_security_groups()["SecurityGroups"], ours) if row["GroupName"] != "default"
    ]
    others = [row for row in groups if {tag["Key"] for tag in row.get("Tags", [])} & MAKERS]
    reservations = ec2.describe_instances()["Reservations"]
    instances = [row for reservation in reservations for row in reservation["Instances"]]
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    return {
        "instances": _each([row for row in instances if row["State"]["Name"] != "terminated"], "InstanceId"),
        "vpcs": _named(vpcs, "VpcId"),
        "subnets": _named(_of(ec2.describe_subnets()["Subnets"], ours), "SubnetId"),
        "route tables": _named(tables, "RouteTableId"),
        "security groups": _each(groups, "GroupName") - _each(others, "GroupName"),
        "security groups of EKS and the controller": _each(others, "GroupName"),
        "interfaces": _each(ec2.describe_network_interfaces()["NetworkInterfaces"], "NetworkInterfaceId"),
        "internet gateways": _named(ec2.describe_internet_gateways()["InternetGateways"], "InternetGatewayId"),
        "NAT gateways": _named([row for row in gateways if row["State"] != "deleted"], "NatGatewayId"),
        "addresses": _named(ec2.describe_addresses()["Addresses"], "AllocationId"),
        "launch templates": _each(ec2.describe_launch_templates()["LaunchTemplates"], "LaunchTemplateName"),
        "endpoints": _each(_of(ec2.describe_vpc_endpoints()["VpcEndpoints"], ours), "VpcEndpointId"),
        "volumes": _each(ec2.describe_volumes()["Volumes"], "VolumeId"),
    }


def _stores(system: System) -> dict[str, set[str]]:
    rds, elasticache = system.client("rds"), system.client("elasticache")
    return {
        "databases": _each(rds.describe_db_instances()["DBInstances"], "DBInstanceIdentifier"),
        "snapshots": _each(rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"], "DBSnapshotIdentifier"),
        "database subnet groups": _each(rds.describe_db_subnet_groups()["DBSubnetGroups"], "DBSubnetGroupName"),
        "caches": _each(elasticache.describe_replication_groups()["ReplicationGroups"], "ReplicationGroupId"),
        "cache subnet groups": _each(
            elasticache.describe_cache_subnet_groups()["CacheSubnetGroups"], "CacheSubnetGroupName"
        )
        - {"default"},
        "secrets": _each(system.client("secretsmanager").list_secrets()["SecretList"], "Name"),
    }


def _keys(kms: Any) -> set[str]:
    """Return the customer managed keys that are not pending deletion (KMS deletes keys after a waiting period)."""
    keys = [kms.describe_key(KeyId=row["KeyId"])["KeyMetadata"] for row in kms.list_keys()["Keys"]]
    return {key["KeyId"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"}


def _of(rows: Iterable[dict[str, Any]], vpcs: set[str]) -> list[dict[str, Any]]:
    return [row for row in rows if row["VpcId"] in vpcs]


def _is_main(table: dict[str, Any]) -> bool:
    """Whether it is the main route table, which belongs to the VPC."""
    return any(association.get("Main") for association in table["Associations"])


def _each(rows: Iterable[dict[str, Any]], key: str) -> set[str]:
    return {str(row[key]) for row in rows}


def _named(rows: Iterable[dict[str, Any]], id_key: str) -> set[str]:
    """Return the Name tags, or ids of resources without one."""
    return {next((tag["Value"] for tag in row.get("Tags", []) if tag["Key"] == "Name"), row[id_key]) for row in rows}
