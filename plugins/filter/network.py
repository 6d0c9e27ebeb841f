# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the network: derive subnets, route tables and endpoints from inventory values."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import identity_of
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN
from ansible_collections.flaskops.eks.plugins.plugin_utils.cidr_blocks import documentation_problems
from ansible_collections.flaskops.eks.plugins.plugin_utils.ownership import foreign, tagged_with

SUBNET_ROLES = ("public", "private", "database")
# The security groups that other roles use.
GROUP_ROLES = ("alb", "nodes", "control_plane", "database", "cache")

# A load balancer and an EKS control plane each need subnets in at least two zones.
# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
MINIMUM_ZONES = 2

# Gateway endpoints are routes; every other service has interface endpoints.
# https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})

# Without NAT, nodes, add-ons and controllers need endpoints for these services.
# https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
SERVICES_WITHOUT_NAT = (
    "s3",
    "ecr.api",
    "ecr.dkr",
    "sts",
    "logs",
    "secretsmanager",
    "eks-auth",
    "ec2",
    "elasticloadbalancing",
)

# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html and subnet-sizing.html
WIDEST_PREFIX = 16
NARROWEST_PREFIX = 28


def subnet_list(
    subnets: Mapping[str, Sequence[str]],
    zones: Sequence[str],
    name: str,
    cluster_name: str,
    tags: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return every subnet to create, in a stable order.

    Args:
        subnets: CIDR blocks by role (public, private, database); the n-th is in the n-th zone.
        zones: Availability zones.
        name: Name of the network, the prefix of all subnet names.
        cluster_name: The EKS cluster with load balancers in these subnets.
        tags: Tags of every subnet.

    Returns:
        One mapping per subnet: role, zone, cidr, name, public, tags.
    """
    result: list[dict[str, Any]] = []
    for role in SUBNET_ROLES:
        for cidr, zone in zip(subnets.get(role, ()), zones, strict=False):
            subnet_name = f"{name}-{role}-{zone}"
            result.append(
                {
                    "role": role,
                    "zone": zone,
                    "cidr": cidr,
                    "name": subnet_name,
                    "public": role == "public",
                    "tags": {**tags, "Name": subnet_name, "flaskops:subnet": role, **_discovery(role, cluster_name)},
                }
            )
    return result


def _discovery(role: str, cluster_name: str) -> dict[str, str]:
    """Return the subnet discovery tags of EKS and the AWS Load Balancer Controller.

    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
    """
    cluster = {f"kubernetes.io/cluster/{cluster_name}": "shared"}
    if role == "public":
        return {**cluster, "kubernetes.io/role/elb": "1"}
    if role == "private":
        return {**cluster, "kubernetes.io/role/internal-elb": "1"}
    return {}


def subnet_ids(results: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Group subnet ids by role.

    Args:
        results: Results of the task that creates the subnets in a loop over `subnet_list`.

    Returns:
        Subnet ids by role, in the order of the zones.
    """
    found: dict[str, list[str]] = {role: [] for role in SUBNET_ROLES}
    for result in results:
        found[result["item"]["role"]].append(result["subnet"]["id"])
    return found


def found_subnet_ids(subnets: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Group described subnets by the role in their tag `flaskops:subnet`, in the order of their zones."""
    found: dict[str, list[str]] = {role: [] for role in SUBNET_ROLES}
    for subnet in sorted(subnets, key=lambda entry: str(entry["availability_zone"])):
        role = subnet.get("tags", {}).get("flaskops:subnet", "")
        if role in found:
            found[role].append(subnet["subnet_id"])
    return found


def group_ids(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the ids of created security groups by the name of their loop item (`-` becomes `_`)."""
    return {str(result["item"]["name"]).replace("-", "_"): result["group_id"] for result in results}


def found_group_ids(groups: Sequence[Mapping[str, Any]], name: str) -> dict[str, str]:
    """Return the ids of described security groups by their name without the prefix (`-` becomes `_`)."""
    prefix = f"{name}-"
    return {
        str(group["group_name"]).removeprefix(prefix).replace("-", "_"): group["group_id"]
        for group in groups
        if str(group["group_name"]).startswith(prefix)
    }


def discovered_network(
    vpcs: Sequence[Mapping[str, Any]],
    subnets: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    name: str,
    wanted: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the ids of a described network, with the placeholder for what does not exist yet.

    Args:
        vpcs: The described VPC of that name, or nothing.
        subnets: Its described subnets.
        groups: Its described security groups.
        name: The network's name.
        wanted: `network_subnets`: CIDR blocks by the role of their subnets.

    Returns:
        `network_facts`.
    """
    subnets_found, groups_found = found_subnet_ids(subnets), found_group_ids(groups, name)
    return {
        "vpc_id": vpcs[0]["id"] if vpcs else UNKNOWN,
        "subnet_ids": {role: subnets_found[role] or [UNKNOWN] * len(wanted.get(role, [])) for role in SUBNET_ROLES},
        "security_group_ids": {role: groups_found.get(role, UNKNOWN) for role in GROUP_ROLES},
    }


def nat_zones(nat: str, zones: Sequence[str]) -> list[str]:
    """Return the zones that get a NAT gateway for `none`, `single` or `per_zone`."""
    return {"none": [], "single": list(zones[:1]), "per_zone": list(zones)}[nat]


def nat_gateways(addresses: Sequence[Mapping[str, Any]], subnets: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the NAT gateways to create.

    Args:
        addresses: Results of the task that allocates the Elastic IPs; its loop items are the results of the search.
        subnets: Results of the loop over `subnet_list`.

    Returns:
        One mapping per gateway: zone, allocation_id, subnet_id (of the public subnet of the zone).
    """
    public = {result["item"]["zone"]: result["subnet"]["id"] for result in subnets if result["item"]["public"]}
    return [
        {
            "zone": result["item"]["item"],
            "allocation_id": result["allocation_id"],
            "subnet_id": public[result["item"]["item"]],
        }
        for result in addresses
    ]


def route_tables(
    nat: str,
    zones: Sequence[str],
    subnets: Mapping[str, Sequence[str]],
    gateways: Sequence[Mapping[str, Any]],
    internet_gateway_id: str,
) -> list[dict[str, Any]]:
    """Return the route tables of all subnets.

    Args:
        nat: `none`, `single` or `per_zone`.
        zones: Availability zones.
        subnets: Ids of the subnets by role (public, private, database), in the order of the zones.
        gateways: Results of the loop over `nat_gateways`.
        internet_gateway_id: The internet gateway.

    Returns:
        One mapping per table: suffix of its name, private (whether its subnets are private), subnets, routes.
    """
    public = {"suffix": "public", "subnets": list(subnets["public"]), "routes": _default_route(internet_gateway_id)}
    database = {"suffix": "database", "subnets": list(subnets["database"]), "routes": []}
    return [
        {**public, "private": False},
        *({**table, "private": True} for table in _private_route_tables(nat, zones, subnets["private"], gateways)),
        {**database, "private": False},
    ]


def _private_route_tables(
    nat: str, zones: Sequence[str], subnets: Sequence[str], gateways: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return one table per zone if every zone has a NAT gateway, else one for all zones."""
    by_zone = {result["item"]["zone"]: result["nat_gateway_id"] for result in gateways}
    if nat == "per_zone":
        return [
            {"suffix": f"private-{zone}", "subnets": [subnet], "routes": _default_route(by_zone[zone])}
            for zone, subnet in zip(zones, subnets, strict=False)
        ]
    routes = _default_route(by_zone[zones[0]]) if nat == "single" else []
    return [{"suffix": "private", "subnets": list(subnets), "routes": routes}]


def _default_route(gateway_id: str) -> list[dict[str, str]]:
    return [{"dest": "0.0.0.0/0", "gateway_id": gateway_id}]


def found_table_ids(tables: Sequence[Mapping[str, Any]], name: str) -> dict[str, str]:
    """Return the ids of described route tables by their name without the prefix.

    Raises:
        AnsibleFilterError: Two tables have the same name.
    """
    prefix = f"{name}-"
    found: dict[str, str] = {}
    for table in tables:
        table_name = str(table["tags"].get("Name", ""))
        if not table_name.startswith(prefix):
            continue
        suffix = table_name.removeprefix(prefix)
        if suffix in found:
            raise AnsibleFilterError(
                f"Route tables {found[suffix]} and {table['route_table_id']} are both named {table_name}: "
                "delete the one that no subnet uses, then run again."
            )
        found[suffix] = table["route_table_id"]
    return found


def tables_without_subnets(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the route tables with a missing subnet association.

    Args:
        results: Results of the task that creates the tables in a loop over `route_tables`.

    Returns:
        The loop items, with the id of the table as `id`.
    """
    lacking = []
    for result in results:
        associated = {row.get("subnet_id") for row in result["route_table"]["associations"]}
        if not associated.issuperset(result["item"]["subnets"]):
            lacking.append({**result["item"], "id": result["route_table"]["id"]})
    return lacking


def endpoints_of_kind(services: Sequence[str], kind: str) -> list[str]:
    """Return the services (short names) with a VPC endpoint of a kind, `Gateway` or `Interface`."""
    return [service for service in services if (service in GATEWAY_SERVICES) == (kind == "Gateway")]


def interface_owners(interfaces: Sequence[Mapping[str, Any]]) -> str:
    """Describe the network interfaces and their owners in one line."""
    described = [
        f"{interface['id']} ({interface.get('description') or interface.get('interface_type') or 'no description'},"
        f" {interface.get('status', 'unknown')})"
        for interface in interfaces
    ]
    return ", ".join(sorted(described)) or "none"


def vpc_problems(vpcs: Sequence[Mapping[str, Any]], cidr: str, tags: Mapping[str, str]) -> list[str]:
    """Report VPCs with the name of the network that belong to another owner or have another block.

    Args:
        vpcs: Described VPCs of that name.
        cidr: The expected block.
        tags: The tags that the role sets.

    Returns:
        One message per problem: the VPC, what is wrong, what to do.
    """
    return foreign(vpcs, tags, "VPC", "vpc_id") + [
        f"network_vpc_cidr: this environment's VPC {vpc['vpc_id']} has {vpc['cidr_block']}, not {cidr}, and a VPC's "
        f"block cannot be changed; set it to {vpc['cidr_block']}, or run playbooks/teardown.yml first."
        for vpc in tagged_with(vpcs, identity_of(tags))
        if vpc["cidr_block"] != cidr
    ]


def network_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the network variables.

    Args:
        values: vpc_cidr, subnets, zones, region, nat, endpoints, alb_source_cidrs.

    Returns:
        One message per problem: the variable, what is wrong, what to do. Empty if all values are valid.
    """
    problems = _zone_problems(values["zones"], values["region"])
    problems += _cidr_problems(values["vpc_cidr"], values["subnets"], len(values["zones"]))
    for cidr in values["alb_source_cidrs"]:
        if _network(cidr) is None:
            problems.append(f"network_alb_source_cidrs: {cidr!r} is not a CIDR block; write it like 10.0.0.0/16.")
    problems += documentation_problems("network_alb_source_cidrs", values["alb_source_cidrs"])
    if values["nat"] == "none":
        missing = [service for service in SERVICES_WITHOUT_NAT if service not in values["endpoints"]]
        if missing and values["endpoints"]:
            problems.append(
                f"network_endpoints: without NAT the nodes cannot reach {', '.join(missing)}; "
                "add them, or set network_nat to single or per_zone."
            )
        if not values["endpoints"]:
            problems.append(
                "network_nat: none leaves private subnets without access to AWS because network_endpoints is empty; "
                f"set network_endpoints to {list(SERVICES_WITHOUT_NAT)}, or network_nat to single or per_zone."
            )
    return problems


def _zone_problems(zones: Sequence[str], region: str) -> list[str]:
    problems = []
    if len(set(zones)) < MINIMUM_ZONES:
        problems.append(
            f"network_zones: {list(zones)} has one zone only, but EKS and the load balancer need {MINIMUM_ZONES}; "
            f"name another zone of {region}."
        )
    if len(set(zones)) != len(zones):
        problems.append(f"network_zones: {list(zones)} contains a zone twice; list every zone once.")
    for zone in zones:
        if not zone.startswith(region):
            problems.append(f"network_zones: {zone} is not in region {region}; name zones like {region}a.")
    return problems


def _cidr_problems(vpc_cidr: str, subnets: Mapping[str, Sequence[str]], zone_count: int) -> list[str]:
    vpc = _network(vpc_cidr)
    if vpc is None or not WIDEST_PREFIX <= vpc.prefixlen <= NARROWEST_PREFIX:
        return [
            f"network_vpc_cidr: {vpc_cidr!r} is not an IPv4 block that AWS accepts; "
            f"write one between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}, like 10.0.0.0/16."
        ]
    problems = []
    parsed: list[tuple[str, ipaddress.IPv4Network]] = []
    for role in SUBNET_ROLES:
        blocks = subnets.get(role, ())
        if len(blocks) != zone_count:
            problems.append(
                f"network_subnets.{role}: {len(blocks)} block(s) for {zone_count} zone(s); "
                "give one CIDR block for each of network_zones."
            )
        for cidr in blocks:
            block = _network(cidr)
            if block is None or not WIDEST_PREFIX <= block.prefixlen <= NARROWEST_PREFIX:
                problems.append(
                    f"network_subnets.{role}: {cidr!r} is not an IPv4 block that AWS accepts; "
                    f"write one between /{WIDEST_PREFIX} and /{NARROWEST_PREFIX}."
                )
                continue
            if not block.subnet_of(vpc):
                problems.append(
                    f"network_subnets.{role}: {cidr} is outside network_vpc_cidr {vpc_cidr}; choose a block inside it."
                )
            parsed.append((f"{role} {cidr}", block))
    for (first, one), (second, other) in itertools.combinations(parsed, 2):
        if one.overlaps(other):
            problems.append(f"network_subnets: {first} overlaps {second}; choose blocks that do not overlap.")
    return problems


def _network(cidr: str) -> ipaddress.IPv4Network | None:
    """Parse an IPv4 CIDR block without host bits; None when it is not one."""
    try:
        return ipaddress.IPv4Network(str(cidr), strict=True)
    except ValueError:
        return None


class FilterModule:
    """Filters of the network."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "subnet_list": subnet_list,
            "subnet_ids": subnet_ids,
            "group_ids": group_ids,
            "discovered_network": discovered_network,
            "nat_zones": nat_zones,
            "nat_gateways": nat_gateways,
            "route_tables": route_tables,
            "found_table_ids": found_table_ids,
            "tables_without_subnets": tables_without_subnets,
            "endpoints_of_kind": endpoints_of_kind,
            "interface_owners": interface_owners,
            "vpc_problems": vpc_problems,
            "network_problems": network_problems,
        }
