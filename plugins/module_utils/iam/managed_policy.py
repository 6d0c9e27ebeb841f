# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe customer managed policies of IAM."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found


def policies(api: AwsApi, names: Iterable[str]) -> list[dict[str, Any]]:
    """The customer managed policies of these names with their tags.

    IAM asks for a policy's ARN, which holds its path. The list holds the ARN of every name, and no tags.
    """
    listed = {entry["PolicyName"]: entry for entry in api.listing("list_policies", "Policies", "Marker", Scope="Local")}

    def describe(name: str) -> Found:
        entry = listed.get(name)
        if entry is None:
            return None
        tags = api.ask("list_policy_tags", PolicyArn=entry["Arn"])
        if tags is None:  # deleted after it was listed
            return None
        return {**snake(entry), "tags": boto3_tag_list_to_ansible_dict(tags.get("Tags") or [])}

    return existing(names, describe)
