# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe subnet groups of ElastiCache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found


class SubnetGroupApi(AwsApi):
    """ElastiCache. https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/Welcome.html"""

    missing_codes = frozenset({"CacheSubnetGroupNotFoundFault"})

    @classmethod
    def connect(cls, module: Any, service: str = "elasticache") -> AwsApi:
        return super().connect(module, service)


def subnet_groups(api: AwsApi, names: Iterable[str]) -> list[dict[str, Any]]:
    """The subnet groups of these names with their tags."""

    def describe(name: str) -> Found:
        groups = api.listing("describe_cache_subnet_groups", "CacheSubnetGroups", "Marker", CacheSubnetGroupName=name)
        if not groups:
            return None
        (group,) = groups
        answer = api.ask("list_tags_for_resource", ResourceName=group["ARN"])
        return described(group, (answer or {}).get("TagList") or [])

    return existing(names, describe)


def described(group: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """The result's entry for one group.

    Args:
        group: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheSubnetGroup.html
        tags: The group's tags as ElastiCache returns them.
    """
    return {
        "name": group["CacheSubnetGroupName"],
        "description": group.get("CacheSubnetGroupDescription") or "",
        "vpc_id": group.get("VpcId") or "",
        "subnet_ids": sorted(subnet["SubnetIdentifier"] for subnet in group.get("Subnets") or []),
        "arn": group["ARN"],
        "tags": boto3_tag_list_to_ansible_dict(tags),
    }
