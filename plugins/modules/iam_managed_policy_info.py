#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe customer managed policies of IAM."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_managed_policy_info
version_added: 1.0.0
short_description: Describe customer managed policies of AWS IAM
description:
  - Describes customer managed policies by their names, with their tags. Changes nothing.
  - Policies of AWS itself are never returned.
author:
  - flaskops.eks contributors
options:
  names:
    description: The policies' names, without path.
    type: list
    elements: str
    required: true
seealso:
  - module: amazon.aws.iam_managed_policy
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the policy of the load balancer controller
  flaskops.eks.iam_managed_policy_info:
    names: [flask-prod-alb-controller]
  register: found

- name: Fail if the policy belongs to another environment
  ansible.builtin.assert:
    that: item.tags['flaskops:environment'] | default('') == 'prod'
  loop: "{{ found.policies }}"
"""

RETURN = r"""
---
policies:
  description: One entry for each name for which a policy exists, in the order of O(names).
  returned: always
  type: list
  elements: dict
  contains:
    policy_name: {description: The policy's name., type: str, sample: flask-prod-alb-controller}
    arn: {description: The policy's ARN., type: str,
      sample: "arn:aws:iam::123456789012:policy/flask-prod-alb-controller"}
    policy_id: {description: The policy's id., type: str, sample: ANPAIOSFODNN7EXAMPLE}
    path: {description: The policy's path., type: str, sample: /}
    default_version_id: {description: The version in force., type: str, sample: v1}
    attachment_count: {description: How many identities have it., type: int, sample: 1}
    is_attachable: {description: Whether it can be attached., type: bool, sample: true}
    create_date: {description: When it was created (ISO 8601)., type: str, sample: "2026-11-28T12:00:00+00:00"}
    update_date: {description: When it was changed last (ISO 8601)., type: str,
      sample: "2026-11-28T12:00:00+00:00"}
    tags: {description: The policy's tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import report
from ansible_collections.flaskops.eks.plugins.module_utils.iam.api import IamApi
from ansible_collections.flaskops.eks.plugins.module_utils.iam.managed_policy import policies


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"names": {"type": "list", "elements": "str", "required": True}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = IamApi.connect(module)
    report(module, "policies", "IAM policies", lambda: policies(api, module.params["names"]))


if __name__ == "__main__":
    main()
