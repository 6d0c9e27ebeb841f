# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to Secrets Manager."""

from __future__ import annotations

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake


class SecretsManagerApi(AwsApi):
    """Secrets Manager. https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html"""

    conflict_codes = frozenset({"ResourceExistsException"})

    @classmethod
    def connect(cls, module: Any, service: str = "secretsmanager") -> AwsApi:
        return super().connect(module, service)


def described(answer: dict[str, Any]) -> dict[str, Any]:
    """The description of a secret without its value.

    Args:
        answer: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    found = snake({key: value for key, value in answer.items() if key != "Tags"})
    return {
        "name": found["name"],
        "arn": found["arn"],
        "description": found.get("description") or "",
        "kms_key_id": found.get("kms_key_id") or "",
        "rotation_enabled": bool(found.get("rotation_enabled")),
        "deleted_date": found.get("deleted_date") or "",
        "tags": boto3_tag_list_to_ansible_dict(answer.get("Tags") or []),
    }
