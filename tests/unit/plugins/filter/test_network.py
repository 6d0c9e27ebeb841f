"""Filters of the network: derived resources and invalid values."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import network
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

ZONES = ["eu-west-1a", "eu-west-1b"]
SUBNETS = {
    "public": ["10.0.1.0/24", "10.0.2.0/24"],
    "private": ["10.0.10.0/24", "10.0.20.0/24"],
    "database": ["10.0.30.0/24", "10.0.31.0/24"],
}


def values(**changes: Any) -> dict[str, Any]:
    return {
        "vpc_cidr": "10.0.0.0/16",
        "subnets": SUBNETS,
        "zones": ZONES,
        "region": "eu-west-1",
        "nat": "single",
        "endpoints": [],
        "alb_source_cidrs": ["0.0.0.0/0"],
        **changes,
    }


def test_default_values_are_valid() -> None:
    assert network.network_problems(values()) == []


@pytest.mark.parametrize(
    ("changes", "variable", "said"),
    [
        ({"vpc_cidr": "10.1.0.0/16"}, "network_subnets.public", "outside network_vpc_cidr"),
        ({"vpc_cidr": "10.0.0.0/8"}, "network_vpc_cidr", "between /16 and /28"),
        ({"vpc_cidr": "10.0.0.1/16"}, "network_vpc_cidr", "not an IPv4 block"),
        ({"vpc_cidr": "home"}, "network_vpc_cidr", "not an IPv4 block"),
        ({"subnets": {**SUBNETS, "private": ["10.0.1.128/25", "10.0.20.0/24"]}}, "network_subnets", "overlaps"),
        ({"subnets": {**SUBNETS, "private": ["10.0.10.0/24"]}}, "network_subnets.private", "1 block(s) for 2 zone(s)"),
        ({"subnets": {**SUBNETS, "database": ["10.0.30.0/29", "10.0.31.0/24"]}}, "network_subnets.database", "/28"),
        ({"zones": ["eu-west-1a"]}, "network_zones", "one zone only"),
        ({"zones": ["eu-west-1a", "eu-west-1a"]}, "network_zones", "twice"),
        ({"zones": ["eu-west-1a", "us-east-1b"]}, "network_zones", "not in region eu-west-1"),
        ({"nat": "none"}, "network_nat", "network_endpoints is empty"),
        ({"nat": "none", "endpoints": ["s3", "sts"]}, "network_endpoints", "ecr.api"),
        ({"alb_source_cidrs": ["everybody"]}, "network_alb_source_cidrs", "not a CIDR block"),
        ({"alb_source_cidrs": ["198.51.100.0/24"]}, "network_alb_source_cidrs", "reserved for documentation"),
    ],
)
def test_problem_names_variable_and_cause(changes: dict[str, Any], variable: str, said: str) -> None:
    problems = network.network_problems(values(**changes))
    assert any(problem.startswith(variable) and said in problem for problem in problems), problems


def test_no_nat_is_valid_with_every_endpoint() -> None:
    assert network.network_problems(values(nat="none", endpoints=list(network.SERVICES_WITHOUT_NAT))) == []


def test_each_zone_gets_one_tagged_subnet_of_each_role() -> None:
    subnets = network.subnet_list(SUBNETS, ZONES, "flask-dev", "flask-dev", {"flaskops:environment": "dev"})
    assert [(subnet["role"], subnet["zone"], subnet["cidr"]) for subnet in subnets] == [
        ("public", "eu-west-1a", "10.0.1.0/24"),
        ("public", "eu-west-1b", "10.0.2.0/24"),
        ("private", "eu-west-1a", "10.0.10.0/24"),
        ("private", "eu-west-1b", "10.0.20.0/24"),
        ("database", "eu-west-1a", "10.0.30.0/24"),
        ("database", "eu-west-1b", "10.0.31.0/24"),
    ]
    public, private, database = subnets[0]["tags"], subnets[2]["tags"], subnets[4]["tags"]
    assert public["kubernetes.io/role/elb"] == "1"
    assert private["kubernetes.io/role/internal-elb"] == "1"
    assert public["kubernetes.io/cluster/flask-dev"] == private["kubernetes.io/cluster/flask-dev"] == "shared"
    assert not [key for key in database if key.startswith("kubernetes.io/")]
    assert all(subnet["tags"]["flaskops:environment"] == "dev" for subnet in subnets)


def made(subnets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"item": item, "subnet": {"id": f"subnet-{number}"}} for number, item in enumerate(subnets)]


def test_ids_of_created_and_found_subnets_are_grouped_equally() -> None:
    results = made(network.subnet_list(SUBNETS, ZONES, "n", "n", {}))
    expected = {
        "public": ["subnet-0", "subnet-1"],
        "private": ["subnet-2", "subnet-3"],
        "database": ["subnet-4", "subnet-5"],
    }
    assert network.subnet_ids(results) == expected
    described = [
        {
            "subnet_id": result["subnet"]["id"],
            "availability_zone": result["item"]["zone"],
            "tags": result["item"]["tags"],
        }
        for result in reversed(results)
    ]
    described.append({"subnet_id": "x", "availability_zone": "a", "tags": {}})
    assert network.discovered_network([{"id": "vpc-1"}], described, [], "n", SUBNETS)["subnet_ids"] == expected


def test_created_and_found_groups_have_equal_keys() -> None:
    """In any order; found groups by their name without the prefix."""
    results = [
        {"item": {"name": "cache", "port": 6379}, "group_id": "sg-2"},
        {"item": {"name": "control-plane", "port": 443}, "group_id": "sg-1"},
    ]
    groups = [
        {"group_name": "flask-dev-control-plane", "group_id": "sg-1"},
        {"group_name": "flask-dev-cache", "group_id": "sg-2"},
        {"group_name": "other", "group_id": "sg-3"},
    ]
    expected = {"control_plane": "sg-1", "cache": "sg-2"}
    assert network.group_ids(results) == expected
    found = network.discovered_network([{"id": "vpc-1"}], [], groups, "flask-dev", SUBNETS)["security_group_ids"]
    assert {name: group for name, group in found.items() if group != UNKNOWN} == expected


def test_placeholders_stand_for_a_network_that_does_not_exist() -> None:
    assert network.discovered_network([], [], [], "n", SUBNETS) == {
        "vpc_id": UNKNOWN,
        "subnet_ids": dict.fromkeys(["public", "private", "database"], [UNKNOWN] * 2),
        "security_group_ids": dict.fromkeys(["alb", "nodes", "control_plane", "database", "cache"], UNKNOWN),
    }


@pytest.mark.parametrize(("nat", "zones"), [("none", []), ("single", ZONES[:1]), ("per_zone", ZONES)])
def test_zones_with_a_gateway(nat: str, zones: list[str]) -> None:
    assert network.nat_zones(nat, ZONES) == zones


def test_gateway_uses_the_address_of_its_zone() -> None:
    addresses = [
        {"item": {"item": "eu-west-1a", "addresses": [{}]}, "allocation_id": "eipalloc-old"},
        {"item": {"item": "eu-west-1b", "addresses": []}, "allocation_id": "eipalloc-new"},
    ]
    results = made(network.subnet_list(SUBNETS, ZONES, "n", "n", {}))
    assert network.nat_gateways(addresses, results) == [
        {"zone": "eu-west-1a", "allocation_id": "eipalloc-old", "subnet_id": "subnet-0"},
        {"zone": "eu-west-1b", "allocation_id": "eipalloc-new", "subnet_id": "subnet-1"},
    ]


def route(gateway: str) -> list[dict[str, str]]:
    return [{"dest": "0.0.0.0/0", "gateway_id": gateway}]


@pytest.mark.parametrize(
    ("nat", "private"),
    [
        ("none", [{"suffix": "private", "subnets": ["s1", "s2"], "routes": []}]),
        ("single", [{"suffix": "private", "subnets": ["s1", "s2"], "routes": route("nat-a")}]),
        (
            "per_zone",
            [
                {"suffix": "private-eu-west-1a", "subnets": ["s1"], "routes": route("nat-a")},
                {"suffix": "private-eu-west-1b", "subnets": ["s2"], "routes": route("nat-b")},
            ],
        ),
    ],
)
def test_private_routes_follow_the_gateways(nat: str, private: list[dict[str, Any]]) -> None:
    gateways = [
        {"item": {"zone": "eu-west-1a"}, "nat_gateway_id": "nat-a"},
        {"item": {"zone": "eu-west-1b"}, "nat_gateway_id": "nat-b"},
    ]
    there = {"none": [], "single": gateways[:1], "per_zone": gateways}[nat]
    subnets = {"public": ["p1", "p2"], "private": ["s1", "s2"], "database": ["d1", "d2"]}
    assert network.route_tables(nat, ZONES, subnets, there, "igw-1") == [
        {"suffix": "public", "subnets": ["p1", "p2"], "routes": route("igw-1"), "private": False},
        *({**table, "private": True} for table in private),
        {"suffix": "database", "subnets": ["d1", "d2"], "routes": [], "private": False},
    ]


def described_table(number: int, name: str | None) -> dict[str, Any]:
    return {"route_table_id": f"rtb-{number}", "tags": {"Name": name} if name else {}}


def test_table_keys_are_names_without_the_prefix() -> None:
    names = ["n-public", "n-private-eu-west-1a", "other-public", None]
    tables = [described_table(number, name) for number, name in enumerate(names)]
    assert network.found_table_ids(tables, "n") == {"public": "rtb-0", "private-eu-west-1a": "rtb-1"}
    assert network.found_table_ids([], "n") == {}


def test_two_tables_with_the_same_name_are_rejected() -> None:
    with pytest.raises(AnsibleFilterError, match="rtb-1 and rtb-2 are both named n-public: delete the one"):
        network.found_table_ids([described_table(1, "n-public"), described_table(2, "n-public")], "n")


@pytest.mark.parametrize(
    ("associations", "lacks"),
    [
        ([{"subnet_id": "s1"}, {"subnet_id": "s2"}], False),
        ([{"subnet_id": "s3"}, {"subnet_id": "s2"}, {"subnet_id": "s1"}, {"gateway_id": "igw-1"}], False),
        ([{"subnet_id": "s1"}], True),
        ([], True),
    ],
)
def test_table_with_a_missing_subnet_is_returned(associations: list[dict[str, str]], lacks: bool) -> None:
    item = {"suffix": "private", "subnets": ["s1", "s2"], "routes": [], "private": True}
    results = [{"item": item, "route_table": {"id": "rtb-1", "associations": associations}}]
    assert network.tables_without_subnets(results) == ([{**item, "id": "rtb-1"}] if lacks else [])


def test_endpoints_by_kind() -> None:
    services = ["s3", "ecr.api", "dynamodb", "sts"]
    assert network.endpoints_of_kind(services, "Gateway") == ["s3", "dynamodb"]
    assert network.endpoints_of_kind(services, "Interface") == ["ecr.api", "sts"]


OWN_TAGS = {
    "flaskops:project": "flask",
    "flaskops:environment": "dev",
    "flaskops:component": "network",
    "flaskops:managed-by": "flaskops.eks",
}


@pytest.mark.parametrize(
    ("cidr_block", "tags", "said"),
    [
        ("10.0.0.0/16", OWN_TAGS, []),
        ("10.0.0.0/16", {**OWN_TAGS, "Name": "flask-dev", "cost-centre": "7"}, []),
        ("10.1.0.0/16", OWN_TAGS, ["network_vpc_cidr: this environment's VPC vpc-1 has 10.1.0.0/16, not 10.0.0.0/16"]),
        ("10.0.0.0/16", {"Name": "flask-dev"}, ["VPC vpc-1 exists, and its tags (Name=flask-dev)"]),
        ("10.1.0.0/16", {**OWN_TAGS, "flaskops:project": "shop"}, ["flaskops:project=shop) say that it is not"]),
        ("10.0.0.0/16", {}, ["VPC vpc-1 exists, and its tags (none)"]),
    ],
)
def test_vpc_with_our_name_needs_our_tags_and_block(cidr_block: str, tags: dict[str, str], said: list[str]) -> None:
    vpcs = [{"vpc_id": "vpc-1", "cidr_block": cidr_block, "tags": tags}]
    problems = network.vpc_problems(vpcs, "10.0.0.0/16", {**OWN_TAGS, "team": "a"})
    assert [part in problem for part, problem in zip(said, problems, strict=True)] == [True] * len(said)


def test_missing_vpc_is_valid() -> None:
    assert network.vpc_problems([], "10.0.0.0/16", OWN_TAGS) == []


def test_owners_of_remaining_interfaces_are_named() -> None:
    interfaces = [
        {"id": "eni-2", "description": "", "interface_type": "lambda", "status": "in-use"},
        {"id": "eni-1", "description": "ELB app/other", "status": "in-use"},
    ]
    assert network.interface_owners(interfaces) == "eni-1 (ELB app/other, in-use), eni-2 (lambda, in-use)"
    assert network.interface_owners([]) == "none"
