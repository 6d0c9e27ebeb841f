# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe DB subnet groups of RDS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found


class RdsApi(AwsApi):
    """RDS. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/Welcome.html"""

    missing_codes = frozenset({"DBSubnetGroupNotFoundFault"})

    @classmethod
    def connect(cls, module: Any, service: str = "rds") -> AwsApi:
        return super().connect(module, service)


def subnet_groups(api: AwsApi, names: Iterable[str]) -> list[dict[str, Any]]:
    """The subnet groups of these names with their tags."""

    def describe(name: str) -> Found:
        groups = api.listing("describe_db_subnet_groups", "DBSubnetGroups", "Marker", DBSubnetGroupName=name)
        if not groups:
            return None
        (group,) = groups
        answer = api.ask("list_tags_for_resource", ResourceName=group["DBSubnetGroupArn"])
        return described(group, (answer or {}).get("TagList") or [])

    return existing(names, describe)


def described(group: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """The result's entry for one group, under the names that amazon.aws.rds_subnet_group returns.

    Args:
        group: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBSubnetGroup.html
        tags: The group's tags as RDS returns them.
    """
    return {
        "name": group["DBSubnetGroupName"],
        "description": group.get("DBSubnetGroupDescription") or "",
        "vpc_id": group.get("VpcId") or "",
        "status": group.get("SubnetGroupStatus") or "",
        "subnet_ids": sorted(subnet["SubnetIdentifier"] for subnet in group.get("Subnets") or []),
        "db_subnet_group_arn": group["DBSubnetGroupArn"],
        "tags": boto3_tag_list_to_ansible_dict(tags),
    }
