# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of EC2 and VPC modules."""

from __future__ import annotations

import re
import typing as t

from .record import Argument, Info, Parent, Record, actions

_TAGS: t.Final = ("CreateTags", "DeleteTags")


def _by_name(module: str, result: str, name: str) -> Info:
    """For objects that have a name only in their tags."""
    return Info(f"amazon.aws.{module}", {"filters": {"tag:Name": "name"}}, result, name)


def _by_filter(module: str, result: str, name: str, **filters: Argument) -> Info:
    renamed = {key.replace("_", "-"): value for key, value in filters.items()}
    return Info(f"amazon.aws.{module}", {"filters": renamed}, result, name)


RECORDS: t.Final = (
    Record(
        "amazon.aws.ec2_vpc_net",
        kind="VPC",
        actions=actions(
            "ec2", "CreateVpc", "DeleteVpc", "DescribeVpcs", "DescribeVpcAttribute", "ModifyVpcAttribute", *_TAGS
        ),
        identity=("name", "cidr_block"),
        info=_by_name("ec2_vpc_net_info", "vpcs", "vpc_id"),
        resource_type="ec2:vpc",
    ),
    Record(
        "amazon.aws.ec2_vpc_net_info",
        actions=actions("ec2", "DescribeVpcs", "DescribeVpcAttribute"),
    ),
    Record(
        "amazon.aws.ec2_vpc_subnet",
        kind="subnet",
        actions=actions("ec2", "CreateSubnet", "DeleteSubnet", "DescribeSubnets", "ModifySubnetAttribute", *_TAGS),
        identity=("vpc_id", "cidr"),
        info=_by_filter("ec2_vpc_subnet_info", "subnets", "subnet_id", vpc_id="vpc_id", cidr_block="cidr"),
        resource_type="ec2:subnet",
    ),
    Record("amazon.aws.ec2_vpc_subnet_info", actions=actions("ec2", "DescribeSubnets")),
    Record(
        "amazon.aws.ec2_vpc_igw",
        kind="internet gateway",
        actions=actions(
            "ec2",
            "AttachInternetGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "DescribeInternetGateways",
            "DetachInternetGateway",
            *_TAGS,
        ),
        identity=("vpc_id",),
        info=Info(
            "amazon.aws.ec2_vpc_igw_info",
            {"filters": {"attachment.vpc-id": "vpc_id"}},
            "internet_gateways",
            "internet_gateway_id",
        ),
        resource_type="ec2:internet-gateway",
    ),
    Record("amazon.aws.ec2_vpc_igw_info", actions=actions("ec2", "DescribeInternetGateways")),
    Record(
        "amazon.aws.ec2_vpc_nat_gateway",
        kind="NAT gateway",
        actions=actions(
            "ec2", "CreateNatGateway", "DeleteNatGateway", "DescribeAddresses", "DescribeNatGateways", *_TAGS
        ),
        identity=("subnet_id",),
        info=_by_filter("ec2_vpc_nat_gateway_info", "result", "nat_gateway_id", subnet_id="subnet_id"),
        resource_type="ec2:natgateway",
    ),
    Record("amazon.aws.ec2_vpc_nat_gateway_info", actions=actions("ec2", "DescribeNatGateways")),
    Record(
        "amazon.aws.ec2_vpc_route_table",
        kind="route table",
        actions=actions(
            "ec2",
            "AssociateRouteTable",
            "CreateRoute",
            "CreateRouteTable",
            "DeleteRoute",
            "DeleteRouteTable",
            "DescribeInternetGateways",
            "DescribeRouteTables",
            "DescribeSubnets",
            "DisassociateRouteTable",
            "ReplaceRoute",
            *_TAGS,
        ),
        identity=("vpc_id", "tags"),
        parents=(Parent(re.compile(r"No IGWs? found"), "ec2_vpc_igw", "vpc_id"),),
        info=_by_filter("ec2_vpc_route_table_info", "route_tables", "route_table_id", vpc_id="vpc_id"),
        resource_type="ec2:route-table",
    ),
    Record("amazon.aws.ec2_vpc_route_table_info", actions=actions("ec2", "DescribeRouteTables")),
    Record(
        "amazon.aws.ec2_security_group",
        kind="security group",
        actions=actions(
            "ec2",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "CreateSecurityGroup",
            "DeleteSecurityGroup",
            "DescribeSecurityGroups",
            "DescribeVpcs",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            *_TAGS,
        ),
        identity=("name", "vpc_id"),
        info=_by_filter("ec2_security_group_info", "security_groups", "group_name", group_name="name", vpc_id="vpc_id"),
        resource_type="ec2:security-group",
    ),
    Record("amazon.aws.ec2_security_group_info", actions=actions("ec2", "DescribeSecurityGroups")),
    Record(
        "amazon.aws.ec2_vpc_endpoint",
        kind="VPC endpoint",
        actions=actions("ec2", "CreateVpcEndpoint", "DeleteVpcEndpoints", "DescribeVpcEndpoints", *_TAGS),
        identity=("vpc_id", "service"),
        info=_by_filter(
            "ec2_vpc_endpoint_info", "vpc_endpoints", "vpc_endpoint_id", vpc_id="vpc_id", service_name="service"
        ),
        resource_type="ec2:vpc-endpoint",
    ),
    Record("amazon.aws.ec2_vpc_endpoint_info", actions=actions("ec2", "DescribeVpcEndpoints")),
    Record(
        "amazon.aws.ec2_eip",
        kind="Elastic IP address",
        actions=actions("ec2", "AllocateAddress", "DescribeAddresses", "ReleaseAddress", *_TAGS),
        identity=("tag_name", "tag_value"),
        info=Info("amazon.aws.ec2_eip_info", {"filters": {"tag:Name": "tag_value"}}, "addresses", "allocation_id"),
        resource_type="ec2:elastic-ip",
    ),
    Record("amazon.aws.ec2_eip_info", actions=actions("ec2", "DescribeAddresses")),
    Record(
        "amazon.aws.ec2_eni",
        kind="network interface",
        actions=actions("ec2", "DeleteNetworkInterface", "DescribeNetworkInterfaces"),
        identity=("eni_id",),
        info=Info("amazon.aws.ec2_eni_info", {"eni_id": "eni_id"}, "network_interfaces", "id"),
        resource_type="ec2:network-interface",
    ),
    Record("amazon.aws.ec2_eni_info", actions=actions("ec2", "DescribeNetworkInterfaces")),
    Record("amazon.aws.ec2_instance_info", actions=actions("ec2", "DescribeInstances")),
    Record(
        "amazon.aws.ec2_launch_template",
        kind="launch template",
        actions=actions(
            "ec2",
            "CreateLaunchTemplate",
            "CreateLaunchTemplateVersion",
            "DeleteLaunchTemplate",
            "DeleteLaunchTemplateVersions",
            "DescribeLaunchTemplateVersions",
            "DescribeLaunchTemplates",
            "ModifyLaunchTemplate",
            *_TAGS,
        ),
        identity=("template_name",),
        info=_by_filter(
            "ec2_launch_template_info",
            "launch_templates",
            "launch_template_name",
            launch_template_name="template_name",
        ),
        resource_type="ec2:launch-template",
        update_message=re.compile(r"created launch template version"),
    ),
    Record(
        "amazon.aws.ec2_launch_template_info",
        actions=actions("ec2", "DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"),
    ),
)
