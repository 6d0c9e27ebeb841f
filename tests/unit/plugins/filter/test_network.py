"""The network's filters: what a few values stand for, and which values cannot work."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import network

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


def test_the_default_values_have_no_problem() -> None:
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
        ({"alb_source_cidrs": ["198.51.100.0/24"]}, "network_alb_source_cidrs", "an example of documentation"),
    ],
)
def test_a_problem_names_the_variable_and_what_is_wrong(changes: dict[str, Any], variable: str, said: str) -> None:
    problems = network.network_problems(values(**changes))
    assert any(problem.startswith(variable) and said in problem for problem in problems), problems


def test_no_nat_is_fine_with_every_endpoint() -> None:
    assert network.network_problems(values(nat="none", endpoints=list(network.SERVICES_WITHOUT_NAT))) == []


def test_every_zone_gets_one_subnet_of_each_role_with_the_tags_that_make_it_found() -> None:
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


def test_ids_are_grouped_alike_whether_made_or_found() -> None:
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
    assert network.found_subnet_ids([*described, {"subnet_id": "x", "availability_zone": "a", "tags": {}}]) == expected


def test_groups_are_called_by_what_follows_the_networks_name() -> None:
    groups = [
        {"group_name": "flask-dev-control-plane", "group_id": "sg-1"},
        {"group_name": "flask-dev-alb", "group_id": "sg-2"},
        {"group_name": "other", "group_id": "sg-3"},
    ]
    assert network.found_group_ids(groups, "flask-dev") == {"control_plane": "sg-1", "alb": "sg-2"}


@pytest.mark.parametrize(("nat", "zones"), [("none", []), ("single", ZONES[:1]), ("per_zone", ZONES)])
def test_zones_with_a_gateway(nat: str, zones: list[str]) -> None:
    assert network.nat_zones(nat, ZONES) == zones


def test_a_gateway_takes_the_address_that_exists_or_the_one_just_allocated() -> None:
    found = [
        {"item": "eu-west-1a", "addresses": [{"allocation_id": "eipalloc-old"}]},
        {"item": "eu-west-1b", "addresses": []},
    ]
    allocated = [{"item": found[1], "allocation_id": "eipalloc-new"}]
    results = made(network.subnet_list(SUBNETS, ZONES, "n", "n", {}))
    assert network.nat_gateways(found, allocated, results) == [
        {"zone": "eu-west-1a", "allocation_id": "eipalloc-old", "subnet_id": "subnet-0"},
        {"zone": "eu-west-1b", "allocation_id": "eipalloc-new", "subnet_id": "subnet-1"},
    ]


def route(gateway: str) -> list[dict[str, str]]:
    return [{"dest": "0.0.0.0/0", "gateway_id": gateway}]


@pytest.mark.parametrize(
    ("nat", "expected"),
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
def test_private_routes_follow_the_gateways(nat: str, expected: list[dict[str, Any]]) -> None:
    gateways = [
        {"item": {"zone": "eu-west-1a"}, "nat_gateway_id": "nat-a"},
        {"item": {"zone": "eu-west-1b"}, "nat_gateway_id": "nat-b"},
    ]
    there = {"none": [], "single": gateways[:1], "per_zone": gateways}[nat]
    assert network.private_route_tables(nat, ZONES, ["s1", "s2"], there) == expected


def test_endpoints_are_told_apart_by_kind() -> None:
    services = ["s3", "ecr.api", "dynamodb", "sts"]
    assert network.endpoints_of_kind(services, "Gateway") == ["s3", "dynamodb"]
    assert network.endpoints_of_kind(services, "Interface") == ["ecr.api", "sts"]


def test_interfaces_that_hold_a_vpc_are_named() -> None:
    interfaces = [
        {"id": "eni-2", "description": "", "interface_type": "lambda", "status": "in-use"},
        {"id": "eni-1", "description": "ELB app/other", "status": "in-use"},
    ]
    assert network.interface_owners(interfaces) == "eni-1 (ELB app/other, in-use), eni-2 (lambda, in-use)"
    assert network.interface_owners([]) == "none"
