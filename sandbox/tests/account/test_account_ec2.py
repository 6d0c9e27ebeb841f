"""Deletions that EC2 rejects, in the order of a teardown."""

from __future__ import annotations

from account_fakes import Network, Running, code_of


def test_complete_teardown(running: Running, network: Network) -> None:
    """A VPC with gateway, NAT, route table, groups and a load balancer: everything goes, in the right order only."""
    ec2, elbv2 = running.client("ec2"), running.client("elbv2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc_id)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=network.subnet_ids[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = ec2.create_route_table(VpcId=network.vpc_id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=network.subnet_ids[0])["AssociationId"]
    web = ec2.create_security_group(GroupName="web", Description="w", VpcId=network.vpc_id)["GroupId"]
    app = ec2.create_security_group(GroupName="app", Description="a", VpcId=network.vpc_id)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=app, IpPermissions=[permission])
    balancer = elbv2.create_load_balancer(Name="web", Subnets=network.subnet_ids, SecurityGroups=[web])
    balancer_arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]

    violation = "DependencyViolation"
    assert code_of(ec2.delete_vpc, VpcId=network.vpc_id) == violation
    assert code_of(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=network.vpc_id) == violation
    assert code_of(ec2.delete_security_group, GroupId=web) == violation
    assert code_of(ec2.delete_subnet, SubnetId=network.subnet_ids[1]) == violation
    assert code_of(ec2.release_address, AllocationId=address) == "InvalidIPAddress.InUse"
    assert code_of(ec2.delete_route_table, RouteTableId=table) == violation

    elbv2.delete_load_balancer(LoadBalancerArn=balancer_arn)
    ec2.delete_subnet(SubnetId=network.subnet_ids[1])
    assert code_of(ec2.delete_security_group, GroupId=web) == violation  # a rule of app names it
    ec2.delete_security_group(GroupId=app)
    ec2.delete_security_group(GroupId=web)
    assert code_of(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=network.vpc_id) == violation
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc_id)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    ec2.delete_subnet(SubnetId=network.subnet_ids[0])
    ec2.delete_vpc(VpcId=network.vpc_id)
    assert network.vpc_id not in {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}


def test_interface_blocks_group_and_subnet(running: Running, network: Network) -> None:
    ec2 = running.client("ec2")
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=network.vpc_id)["GroupId"]
    interface = ec2.create_network_interface(SubnetId=network.subnet_ids[0], Groups=[group])
    assert code_of(ec2.delete_security_group, GroupId=group) == "DependencyViolation"
    assert code_of(ec2.delete_subnet, SubnetId=network.subnet_ids[0]) == "DependencyViolation"
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=network.subnet_ids[0])


def test_patches_of_moto_are_undone(running: Running) -> None:
    from moto.ec2.models.subnets import SubnetBackend

    changed = SubnetBackend.delete_subnet
    running.account.extensions.undo()
    assert SubnetBackend.delete_subnet is not changed
