"""EC2 resources of EKS: read subnets and groups; create security group, interfaces and instances of a cluster.

It uses moto's backend in process, because EKS creates these resources with its service roles, not as the caller.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ec2.models import instances as moto_instances
from moto.iam.exceptions import NotFoundException
from werkzeug.exceptions import HTTPException

from flaskops_sandbox.account.eks.errors import InvalidParameter
from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.principals import iam
from flaskops_sandbox.instance import Instance

NODE_IMAGE = "ami-03cf127a"  # an arbitrary image of moto
_reserved = threading.local()


def install(extensions: Extensions) -> None:
    """Let a thread choose the id of a new EC2 instance, because kind nodes have their ids from the start."""

    def make(original: Callable[[], str]) -> Callable[[], str]:
        return lambda: getattr(_reserved, "instance_id", None) or original()

    extensions.replace(moto_instances, "random_instance_id", make)


@contextmanager
def _next_instance_id(instance_id: str) -> Iterator[None]:
    _reserved.instance_id = instance_id
    try:
        yield
    finally:
        _reserved.instance_id = None


def backend(instance: Instance) -> Any:
    """Return moto's EC2 backend of the region."""
    return ec2_backends[instance.account_id][instance.region]


def subnets(instance: Instance, subnet_ids: list[str]) -> list[Any]:
    """Return the subnets. Raise InvalidParameterException unless all belong to one VPC."""
    found = []
    for subnet_id in subnet_ids:
        subnet = next((s for s in backend(instance).describe_subnets() if s.id == subnet_id), None)
        if subnet is None:
            raise InvalidParameter(f"The subnet ID '{subnet_id}' does not exist")
        found.append(subnet)
    if len({subnet.vpc_id for subnet in found}) > 1:
        raise InvalidParameter("Subnets specified must belong to the same VPC")
    return found


def check_security_groups(instance: Instance, group_ids: list[str]) -> None:
    """Raise InvalidParameterException for a group that does not exist."""
    for group_id in group_ids:
        if backend(instance).get_security_group_from_id(group_id) is None:
            raise InvalidParameter(f"The security group '{group_id}' does not exist")


def check_role(instance: Instance, role_arn: str, trusted_service: str) -> None:
    """Check that the role exists and trusts the service, because EKS assumes it immediately."""
    try:
        role = iam(instance).get_role_by_arn(role_arn)
    except (NotFoundException, ServiceException, HTTPException) as error:
        raise InvalidParameter(f"Role with arn: {role_arn}, could not be assumed because it does not exist") from error
    if trusted_service not in str(role.assume_role_policy_document):
        raise InvalidParameter(
            f"Role with arn: {role_arn}, could not be assumed because its trust policy does not name {trusted_service}"
        )


def create_cluster_security_group(instance: Instance, cluster: str, vpc_id: str) -> str:
    """Create the cluster security group of control plane and managed nodes, as EKS does. Return its id.

    https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
    """
    name = f"eks-cluster-sg-{cluster}-{secrets.randbelow(9 * 10**8) + 10**8}"
    ec2 = backend(instance)
    group = ec2.create_security_group(
        name,
        "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as "
        "any managed workloads.",
        vpc_id=vpc_id,
        tags={"Name": name, "aws:eks:cluster-name": cluster, f"kubernetes.io/cluster/{cluster}": "owned"},
    )
    ec2.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=[{"GroupId": group.id}])
    return str(group.id)


def create_control_plane_interfaces(
    instance: Instance, cluster: str, subnet_ids: list[str], group_id: str
) -> list[str]:
    """Create the control plane interfaces. While they exist, their subnets and groups cannot be deleted."""
    return [
        str(
            backend(instance)
            .create_network_interface(
                subnet_id, None, group_ids=[group_id], description=f"Amazon EKS {cluster}",
                tags={"cluster.k8s.amazonaws.com/name": cluster},
            )
            .id
        )
        for subnet_id in subnet_ids[:2]
    ]  # fmt: skip


def delete_cluster_network(instance: Instance, interface_ids: list[str], group_id: str) -> None:
    """Remove the interfaces and the group. A group that is still in use is kept, as on AWS."""
    ec2 = backend(instance)
    for interface_id in interface_ids:
        if interface_id in ec2.enis:
            ec2.delete_network_interface(interface_id)
    in_use = any(group.id == group_id for eni in ec2.enis.values() for group in eni.group_set)
    if not in_use and ec2.get_security_group_from_id(group_id) is not None:
        ec2.delete_security_group(group_id=group_id)


def launch_instance(
    instance: Instance, instance_id: str, subnet_id: str, instance_type: str, group_id: str, tags: dict[str, str]
) -> None:
    """Create the EC2 instance of a node, with the id in the provider id of its kind node."""
    ec2 = backend(instance)
    _forget_terminated(ec2, instance_id)
    with _next_instance_id(instance_id):
        ec2.run_instances(
            NODE_IMAGE, 1, None, [], security_group_ids=[group_id], subnet_id=subnet_id, region_name=instance.region,
            instance_type=instance_type, is_instance_type_default=False, tags={"instance": tags}, nics=[],
        )  # fmt: skip


def _forget_terminated(ec2: Any, instance_id: str) -> None:
    # A kind node keeps its id when it joins another node group, so remove the terminated instance with this id.
    for reservation_id, reservation in list(ec2.reservations.items()):
        if any(found.id == instance_id and found.state == "terminated" for found in reservation.instances):
            del ec2.reservations[reservation_id]


def give_pod_range(instance: Instance, instance_id: str, pod_cidr: str) -> None:
    """Assign the pod range of the node as a prefix to the instance's interface.

    The AWS Load Balancer Controller uses it to find interface and security group of a pod address
    (pkg/networking/pod_eni_info_resolver.go). With the VPC CNI this is prefix delegation.
    """
    interface = backend(instance).get_instance(instance_id).nics[0]
    interface.ipv4_prefixes = [{"Ipv4Prefix": pod_cidr}]


def terminate(instance: Instance, instance_ids: list[str]) -> None:
    """Terminate instances and delete their interfaces."""
    ec2 = backend(instance)
    known = {found.id for found in ec2.all_instances()}
    gone = [instance_id for instance_id in instance_ids if instance_id in known]
    if not gone:
        return
    interfaces = [nic.id for instance_id in gone for nic in ec2.get_instance(instance_id).nics.values()]
    ec2.terminate_instances(gone)
    for interface_id in interfaces:
        if interface_id in ec2.enis:
            ec2.delete_network_interface(interface_id)
