#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe repositories of ECR."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ecr_repository_info
version_added: 1.0.0
short_description: Describe repositories of Amazon ECR
description:
  - Describes repositories of the account's own registry by their names, with their tags. Changes nothing.
author:
  - flaskops.eks contributors
options:
  names:
    description: The repositories' names.
    type: list
    elements: str
    required: true
seealso:
  - module: community.aws.ecs_ecr
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the repository of the application
  flaskops.eks.ecr_repository_info:
    names: [flask]
  register: found
"""

RETURN = r"""
---
repositories:
  description: One entry for each name for which a repository exists, in the order of O(names).
  returned: always
  type: list
  elements: dict
  contains:
    repository_name: {description: The repository's name., type: str, sample: flask}
    repository_arn: {description: The repository's ARN., type: str,
      sample: "arn:aws:ecr:eu-west-1:123456789012:repository/flask"}
    repository_uri: {description: What images are pushed to and pulled from., type: str,
      sample: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/flask}
    registry_id: {description: The account that owns the registry., type: str, sample: "123456789012"}
    created_at: {description: When it was created (ISO 8601)., type: str, sample: "2026-11-28T12:00:00+00:00"}
    image_tag_mutability: {description: MUTABLE or IMMUTABLE., type: str, sample: IMMUTABLE}
    image_scanning_configuration:
      description: When images are scanned.
      type: dict
      contains:
        scan_on_push: {description: Whether an image is scanned when it is pushed., type: bool, sample: true}
    tags: {description: The repository's tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import report
from ansible_collections.flaskops.eks.plugins.module_utils.ecr.repository import EcrApi, repositories


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"names": {"type": "list", "elements": "str", "required": True}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = EcrApi.connect(module)
    report(module, "repositories", "ECR repositories", lambda: repositories(api, module.params["names"]))


if __name__ == "__main__":
    main()
