"""Values of inventories/prod on an emulated account: create, no change in a second run, protection, teardown.

inventories/local does not use KMS keys, VPC endpoints, one NAT gateway per zone and deletion protection, so these
branches of the roles are tested here.
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
    add_and_remove_a_cost_tag(production)
    for nat in ("single", "per_zone"):
        run = production.play("network", **SHOP, network_nat=nat)
        assert run.failed == 0, run.output
    check_that_private_subnets_use_the_gateway_of_their_zone(production)
    for part in PARTS:
        run = production.play(part)
        assert (run.failed, run.changed) == (0, 0), run.output
        plan = production.plan(part)
        assert plan.changed == 0, plan.output
    check_production_settings(production)

    refused = production.play("teardown")
    assert refused.failed == 1 and refused.changed == 0, refused.output
    assert "eks_deletion_protection" in refused.output

    run = production.play("teardown", **UNPROTECTED)
    assert run.failed == 0, run.output
    left = {kind: names - before[kind] for kind, names in inventory.account(production).items()}
    assert left["vpcs"] == {"shop-prod"}
    assert left["addresses"] == {"shop-prod-nat-eu-west-1a", "shop-prod-nat-eu-west-1b"}
    # Each NAT gateway of the other project has one interface; interfaces have no names.
    assert len(left.pop("interfaces")) == 2
    assert not {name for names in left.values() for name in names if not name.startswith("shop-prod")}
    assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == f"{ZONE}."


def test_network_of_another_owner_fails_and_is_kept(production: Production) -> None:
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


def add_and_remove_a_cost_tag(production: Production) -> None:
    """Additional tags do not create a new network; the existing resources get them."""
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


def check_that_private_subnets_use_the_gateway_of_their_zone(production: Production) -> None:
    """Also after a change from one shared gateway."""
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
    """Return the network resources of prod."""
    own = {**TAGS, "flaskops:component": "network"}
    return {
        kind: {name: tags for name, tags in found.items() if own.items() <= tags.items()}
        for kind, found in network_objects(production).items()
    }


def network_objects(production: Production) -> dict[str, dict[str, dict[str, str]]]:
    """Return all network resources of the account: {kind: {id: tags}}."""
    ec2 = production.client("ec2")
    return {
        kind: {
            row[key]: {tag["Key"]: tag["Value"] for tag in row.get("Tags", [])} for row in getattr(ec2, call)()[kind]
        }
        for call, kind, key in NETWORK_KINDS
    }


def tagged(kind: str, tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


def check_production_settings(production: Production) -> None:
    """Check the settings that inventories/local does not use."""
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
