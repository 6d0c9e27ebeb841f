"""Reject deletions of EC2 resources in use, as EC2 does. moto 5.2.5 deletes them.

A teardown that forgets a load balancer, an interface or an address must fail here as on AWS:
https://docs.aws.amazon.com/vpc/latest/userguide/delete-vpc.html, and the DependencyViolation entry of
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.security_groups import SecurityGroupBackend
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.elasticache.models import elasticache_backends
from moto.elbv2.models import elbv2_backends
from moto.rds.models import rds_backends

from flaskops_sandbox.account.extend import Extensions

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]


def install(extensions: Extensions) -> None:
    """Run the checks before moto's methods."""
    for owner, name, check in (
        (SecurityGroupBackend, "_delete_security_group", _check_security_group),
        (SubnetBackend, "delete_subnet", _check_subnet),
        (VPCBackend, "delete_vpc", _check_vpc),
        (InternetGatewayBackend, "detach_internet_gateway", _check_detach),
        (ElasticAddressBackend, "release_address", _check_address),
    ):
        extensions.replace(owner, name, _before(check))
    extensions.replace(NatGatewayBackend, "delete_nat_gateway", _delete_nat_gateway)


def _before(check: Callable[..., None]) -> Wrap:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
            check(self, *args, **kwargs)
            return original(self, *args, **kwargs)

        return checked

    return wrap


def _group_users(ec2: EC2Backend, group_id: str) -> Iterator[str]:
    """Yield the users of a security group: interfaces, load balancers, databases, caches, rules of other groups."""
    account, region = ec2.account_id, ec2.region_name
    for eni in ec2.enis.values():
        if group_id in {group.id for group in eni.group_set}:
            yield f"interface {eni.id}"
    for balancer in elbv2_backends[account][region].load_balancers.values():
        if group_id in (balancer.security_groups or []):
            yield f"load balancer {balancer.name}"
    for database in rds_backends[account][region].databases.values():
        if group_id in database.vpc_security_group_ids:
            yield f"database {database.db_instance_identifier}"
    for cache in elasticache_backends[account][region].replication_groups.values():
        if group_id in (cache.security_group_ids or []):
            yield f"cache {cache.replication_group_id}"
    for groups in ec2.groups.values():
        for other in groups.values():
            if other.id != group_id and any(
                rule.source_group.get("GroupId") == group_id for rule in [*other.ingress_rules, *other.egress_rules]
            ):
                yield f"a rule of {other.id}"


def _check_security_group(ec2: EC2Backend, _vpc_id: str | None, group_id: str) -> None:
    users = sorted(_group_users(ec2, group_id))
    if users:
        raise DependencyViolationError(f"resource {group_id} has a dependent object ({', '.join(users[:3])})")


def _subnet_users(ec2: EC2Backend, subnet_id: str) -> Iterator[str]:
    account, region = ec2.account_id, ec2.region_name
    for eni in ec2.enis.values():
        if eni.subnet.id == subnet_id:
            yield f"interface {eni.id}"
    for balancer in elbv2_backends[account][region].load_balancers.values():
        if subnet_id in {subnet.id for subnet in balancer.subnets}:
            yield f"load balancer {balancer.name}"
    for database in rds_backends[account][region].databases.values():
        group = getattr(database, "db_subnet_group", None)
        if group is not None and subnet_id in {subnet.id for subnet in group.subnets}:
            yield f"database {database.db_instance_identifier}"
    caches = elasticache_backends[account][region]
    for cache in caches.replication_groups.values():
        cache_group = caches.cache_subnet_groups.get(cache.cache_subnet_group_name or "")
        if cache_group is not None and subnet_id in cache_group.subnet_ids:
            yield f"cache {cache.replication_group_id}"


def _check_subnet(ec2: EC2Backend, subnet_id: str) -> None:
    users = sorted(_subnet_users(ec2, subnet_id))
    if users:
        raise DependencyViolationError(
            f"The subnet '{subnet_id}' has dependencies and cannot be deleted ({', '.join(users[:3])})."
        )


def _check_vpc(ec2: EC2Backend, vpc_id: str) -> None:
    """Reject VPCs with subnets, gateways, or route tables and groups other than the main and default ones."""
    users = [f"subnet {s.id}" for s in ec2.describe_subnets(filters={"vpc-id": vpc_id})]
    users += [f"internet gateway {g.id}" for g in ec2.internet_gateways.values() if g.vpc and g.vpc.id == vpc_id]
    users += [f"security group {g.id}" for g in ec2.groups.get(vpc_id, {}).values() if g.name != "default"]
    users += [f"endpoint {e.id}" for e in ec2.vpc_end_points.values() if e.vpc_id == vpc_id and e.state != "deleted"]
    users += [f"interface {e.id}" for e in ec2.enis.values() if e.vpc_id == vpc_id]
    if users:
        raise DependencyViolationError(
            f"The vpc '{vpc_id}' has dependencies and cannot be deleted ({', '.join(users[:3])})."
        )


def _check_detach(ec2: EC2Backend, _internet_gateway_id: str, vpc_id: str) -> None:
    """Reject detaching a gateway while public addresses of the VPC are mapped."""
    mapped = [address for address in ec2.addresses if address.eni is not None and address.eni.vpc_id == vpc_id]
    balancers = [
        balancer
        for balancer in elbv2_backends[ec2.account_id][ec2.region_name].load_balancers.values()
        if balancer.vpc_id == vpc_id and balancer.scheme == "internet-facing"
    ]
    if mapped or balancers:
        raise DependencyViolationError(
            f"Network {vpc_id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )


def _check_address(ec2: EC2Backend, address: str | None = None, allocation_id: str | None = None) -> None:
    """Reject releasing the address of an existing NAT gateway."""
    for known in ec2.addresses:
        if known.eni is not None and (known.public_ip == address or known.allocation_id == allocation_id):
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {known.public_ip} is in use.")


def _delete_nat_gateway(original: Callable[..., Any]) -> Callable[..., Any]:
    """Remove interface and address association with the gateway, as AWS does. moto keeps them."""

    @functools.wraps(original)
    def delete_nat_gateway(self: Any, nat_gateway_id: str) -> Any:
        gateway = original(self, nat_gateway_id)
        for address in self.addresses:
            if address.eni is gateway._eni:
                address.eni = None
                address.association_id = None
        self.enis.pop(gateway._eni.id, None)
        return gateway

    return delete_nat_gateway
