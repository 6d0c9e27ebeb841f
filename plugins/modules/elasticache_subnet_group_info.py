#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe subnet groups of ElastiCache."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: elasticache_subnet_group_info
version_added: 1.0.0
short_description: Describe subnet groups of Amazon ElastiCache
description:
  - Describes cache subnet groups by their names, with their tags. Changes nothing.
  - M(community.aws.elasticache_subnet_group) sets no tags.
author:
  - flaskops.eks contributors
options:
  names:
    description: The subnet groups' names.
    type: list
    elements: str
    required: true
seealso:
  - module: community.aws.elasticache_subnet_group
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the subnet group of the cache
  flaskops.eks.elasticache_subnet_group_info:
    names: [flask-prod]
  register: found
"""

RETURN = r"""
---
subnet_groups:
  description: One entry for each name for which a subnet group exists, in the order of O(names).
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: The subnet group's name., type: str, sample: flask-prod}
    description: {description: The subnet group's description., type: str, sample: Cache of flask-prod}
    vpc_id: {description: The VPC., type: str, sample: vpc-0123456789abcdef0}
    subnet_ids: {description: The subnets., type: list, elements: str, sample: [subnet-0aaa, subnet-0bbb]}
    arn: {description: The subnet group's ARN., type: str,
      sample: "arn:aws:elasticache:eu-west-1:123456789012:subnetgroup:flask-prod"}
    tags: {description: The subnet group's tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import report
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.subnet_group import SubnetGroupApi, subnet_groups


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"names": {"type": "list", "elements": "str", "required": True}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = SubnetGroupApi.connect(module)
    report(module, "subnet_groups", "cache subnet groups", lambda: subnet_groups(api, module.params["names"]))


if __name__ == "__main__":
    main()
