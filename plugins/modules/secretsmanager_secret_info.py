#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of secrets without their values."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: secretsmanager_secret_info
version_added: 1.0.0
short_description: Describe secrets in AWS Secrets Manager without their values
description:
  - Describes secrets by their names. Never reads a value. Changes nothing.
  - Needs C(secretsmanager:DescribeSecret) only. M(community.aws.secretsmanager_secret) tells tags only of what it has
    just made, and ends a rotation that it was not asked for, also in check mode.
author:
  - flaskops.eks contributors
options:
  names:
    description: The secrets' names.
    type: list
    elements: str
    required: true
seealso:
  - module: flaskops.eks.secretsmanager_secret
extends_documentation_fragment: [amazon.aws.common.modules, amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Look for the secrets
  flaskops.eks.secretsmanager_secret_info:
    names: [flask-prod/database, flask-prod/cache]
  register: found

- name: Refuse secrets of another environment
  ansible.builtin.assert:
    that: item['flaskops:environment'] | default('') == 'prod'
  loop: "{{ found.secrets | map(attribute='tags') }}"
"""

RETURN = r"""
---
secrets:
  description: One for each name of which there is a secret, in the order of O(names); deleted ones for as long as they
    can be restored.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: The secret's name., type: str, sample: flask-prod/database}
    arn: {description: Its ARN., type: str,
      sample: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:flask-prod/database-AbCdEf"}
    description: {description: What it is for; empty without., type: str, sample: User and password of the database}
    kms_key_id: {description: The KMS key; empty for AWS's own., type: str, sample: ""}
    rotation_enabled: {description: Whether it is rotated., type: bool, sample: false}
    deleted_date: {description: When it was deleted (ISO 8601); empty when it was not., type: str, sample: ""}
    tags: {description: Its tags., type: dict, sample: {"flaskops:environment": prod}}
"""

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before any of this runs
    BotoCoreError = ClientError = OSError

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.api import SecretsManagerApi, described


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"names": {"type": "list", "elements": "str", "required": True}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = SecretsManagerApi.connect(module)
    secrets = []
    for name in module.params["names"]:
        try:
            answer = api.ask("describe_secret", SecretId=name)
        except (BotoCoreError, ClientError) as error:
            module.fail_json_aws(error, msg=f"secret {name} could not be described")
        if answer is not None:
            secrets.append(described(answer))
    module.exit_json(changed=False, secrets=secrets)


if __name__ == "__main__":
    main()
