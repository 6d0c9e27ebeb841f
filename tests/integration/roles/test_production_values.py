"""The production inventory's own values, on an emulated account: built, found unchanged, protected, taken away.

The sandbox's chain leaves out what it could only pretend (keys, endpoints, a gateway a zone, protection), so these
branches of the roles run here.
"""

from __future__ import annotations

from typing import Any

import inventory
from production import UNPROTECTED, ZONE, Production

PARTS = ("network", "dns_tls", "data_stores", "cluster")
SHOP = {
    "flaskops_project": "shop",
    "network_vpc_cidr": "10.0.0.0/16",
    "network_endpoints": [],
}  # fmt: skip
TAGS = {"flaskops:project": "flask", "flaskops:environment": "prod", "flaskops:managed-by": "flaskops.eks"}
COST = {"cost-centre": "4711"}
NETWORK_KINDS = (
    ("describe_vpcs", "Vpcs", "VpcId"),
    ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_subnets", "Subnets", "SubnetId"),
    ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"),
    ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
)


def test_from_nothing_to_protected_to_nothing(production: Production) -> None:
    route53 = production.client("route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]
    before = inventory.account(production)

    assert production.plan("network").changed > 0
    for part in PARTS:
        run = production.play(part)
        assert run.failed == 0, run.output
    a_cost_tag_comes_and_goes(production)
    for nat in ("single", "per_zone"):
        run = production.play("network", **SHOP, network_nat=nat)
        assert run.failed == 0, run.output
    private_subnets_have_the_gateway_of_their_zone(production)
    for part in PARTS:
        run = production.play(part)
        assert (run.failed, run.changed) == (0, 0), run.output
        plan = production.plan(part)
        assert plan.changed == 0, plan.output
    as_production_should_be(production)

    refused = production.play("teardown")
    assert refused.failed == 1 and refused.changed == 0, refused.output
    assert "eks_deletion_protection" in refused.output

    run = production.play("teardown", **UNPROTECTED)
    assert run.failed == 0, run.output
    left = {kind: names - before[kind] for kind, names in inventory.account(production).items()}
    assert left["vpcs"] == {"shop-prod"}
    assert left["addresses"] == {"shop-prod-nat-eu-west-1a", "shop-prod-nat-eu-west-1b"}
    # Each of the other project's gateways has one; interfaces have no names.
    assert len(left.pop("interfaces")) == 2
    assert not {name for names in left.values() for name in names if not name.startswith("shop-prod")}
    assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == f"{ZONE}."


def test_somebody_elses_network_is_refused_and_left(production: Production) -> None:
    ec2 = production.client("ec2")
    own = {**TAGS, "flaskops:component": "network"}
    foreign = ec2.create_vpc(
        CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", {"Name": "flask-prod", "owner": "others"})
    )["Vpc"]["VpcId"]
    for name, tags in (("flask-prod-nat-eu-west-1a", {"owner": "others"}), ("flask-prod-bastion", own)):
        ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip", {**tags, "Name": name}))
    before = network_objects(production)

    run = production.play("network")
    assert (run.failed, run.changed) == (1, 0), run.output
    assert f"VPC {foreign} exists, and its tags (Name=flask-prod, owner=others)" in run.output
    assert network_objects(production) == before

    run = production.play("teardown", **UNPROTECTED)
    assert run.failed == 0, run.output
    assert network_objects(production) == before

    ec2.delete_vpc(VpcId=foreign)
    ours = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc", {**own, "Name": "flask-prod"}))
    before = network_objects(production)
    run = production.play("network")
    assert (run.failed, run.changed) == (1, 0), run.output
    assert f"network_vpc_cidr: this environment's VPC {ours['Vpc']['VpcId']} has 10.9.0.0/16, not" in run.output
    assert network_objects(production) == before


def a_cost_tag_comes_and_goes(production: Production) -> None:
    """Other tags are no other network: everything stays what it is, and gets them."""
    before = own_network(production)
    assert before and all(before.values())
    for cost in (COST, {}):
        run = production.play("network", flaskops_tags={**TAGS, **cost})
        assert run.failed == 0 and run.changed > 0, run.output
        after = own_network(production)
        assert {kind: set(found) for kind, found in after.items()} == {
            kind: set(found) for kind, found in before.items()
        }
        without = {
            name: tags for found in after.values() for name, tags in found.items() if not cost.items() <= tags.items()
        }
        assert not without
    assert after == before


def private_subnets_have_the_gateway_of_their_zone(production: Production) -> None:
    """Also after they had one together."""
    ec2 = production.client("ec2")
    zones = {row["SubnetId"]: row["AvailabilityZone"] for row in ec2.describe_subnets()["Subnets"]}
    gateways = {row["NatGatewayId"]: zones[row["SubnetId"]] for row in ec2.describe_nat_gateways()["NatGateways"]}
    ways_out = {
        association["SubnetId"]: gateways.get(route.get("NatGatewayId"))
        for table in ec2.describe_route_tables()["RouteTables"]
        for association in table["Associations"]
        for route in table["Routes"]
        if "SubnetId" in association and route.get("DestinationCidrBlock") == "0.0.0.0/0"
    }
    names = [{"Name": "tag:Name", "Values": ["shop-prod-private-*"]}]
    private = {row["SubnetId"] for row in ec2.describe_subnets(Filters=names)["Subnets"]}
    assert len(private) == 2
    assert {subnet: ways_out.get(subnet) for subnet in private} == {subnet: zones[subnet] for subnet in private}


def own_network(production: Production) -> dict[str, dict[str, dict[str, str]]]:
    """What the role made for prod."""
    own = {**TAGS, "flaskops:component": "network"}
    return {
        kind: {name: tags for name, tags in found.items() if own.items() <= tags.items()}
        for kind, found in network_objects(production).items()
    }


def network_objects(production: Production) -> dict[str, dict[str, dict[str, str]]]:
    """All of the account's networks: {kind: {id: tags}}."""
    ec2 = production.client("ec2")
    return {
        kind: {
            row[key]: {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])} for row in getattr(ec2, call)()[kind]
        }
        for call, kind, key in NETWORK_KINDS
    }


def tagged(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def as_production_should_be(production: Production) -> None:
    """What the sandbox's chain does not have."""
    cluster = production.client("eks").describe_cluster(name="flask-prod")["cluster"]
    assert cluster["deletionProtection"] is True
    assert cluster["encryptionConfig"][0]["resources"] == ["secrets"]
    assert cluster["resourcesVpcConfig"]["publicAccessCidrs"] == ["8.8.8.0/24"]
    (database,) = production.client("rds").describe_db_instances()["DBInstances"]
    assert database["DeletionProtection"] and database["MultiAZ"] and database["StorageEncrypted"]
    ec2 = production.client("ec2")
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["flask-prod"]}])["Vpcs"]
    gateways = [row for row in ec2.describe_nat_gateways()["NatGateways"] if row["VpcId"] == vpc["VpcId"]]
    assert len({gateway["SubnetId"] for gateway in gateways}) == 2
    assert len(ec2.describe_vpc_endpoints()["VpcEndpoints"]) == 10
    secrets = production.client("secretsmanager").list_secrets()["SecretList"]
    assert secrets and all(secret.get("KmsKeyId") for secret in secrets)
