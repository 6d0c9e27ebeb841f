# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe repositories of ECR."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found


class EcrApi(AwsApi):
    """ECR. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html"""

    missing_codes = frozenset({"RepositoryNotFoundException"})

    @classmethod
    def connect(cls, module: Any, service: str = "ecr") -> AwsApi:
        return super().connect(module, service)


def repositories(api: AwsApi, names: Iterable[str]) -> list[dict[str, Any]]:
    """The repositories of these names with their tags."""

    def describe(name: str) -> Found:
        found = api.listing("describe_repositories", "repositories", repositoryNames=[name])
        if not found:
            return None
        (repository,) = found
        answer = api.ask("list_tags_for_resource", resourceArn=repository["repositoryArn"])
        tags = boto3_tag_list_to_ansible_dict((answer or {}).get("tags") or [])
        return {**snake(repository), "tags": tags}

    return existing(names, describe)
