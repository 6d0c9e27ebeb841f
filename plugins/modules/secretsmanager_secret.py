#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of Secrets Manager."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: secretsmanager_secret
version_added: 1.0.0
short_description: Manage a secret of AWS Secrets Manager
description:
  - Creates, changes, restores and deletes a secret. Its value is given, generated, or both by key.
  - A value that was generated is kept. A changed value or a new key is written as a new version, and keys that the task
    does not name are kept.
  - Rotation, resource policy and replicas are left as they are. M(community.aws.secretsmanager_secret) removes those
    that its task does not name, and either overwrites the value in every run or never.
  - No value is part of a result, a difference or an action.
author:
  - flaskops.eks contributors
options:
  name:
    description: The secret's name.
    type: str
    required: true
  description:
    description: What the secret is for.
    type: str
  kms_key_id:
    description: ARN, id or alias of the KMS key. Without it a new secret is encrypted with the key of AWS.
    type: str
  value:
    description: The whole value. Anything else that is stored is replaced.
    type: str
  values:
    description: Keys of the JSON object that are no secrets themselves, for example a user name.
    type: dict
  secret_values:
    description: Keys of the JSON object whose values are secret.
    type: dict
  generate:
    description: Keys of the JSON object that get a random value of letters and digits when they do not exist.
    type: list
    elements: str
  generate_length:
    description: How many characters a generated value has.
    type: int
    default: 32
  recovery_window:
    description: Days for which a deleted secret can be restored, 7 to 30. V(0) deletes it at once.
    type: int
    default: 30
seealso:
  - module: flaskops.eks.secretsmanager_secret_info
  - module: community.aws.secretsmanager_secret
extends_documentation_fragment: [flaskops.eks.resource, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Create the secret of the database with a generated password
  flaskops.eks.secretsmanager_secret:
    name: flask-prod/database
    description: User and password of the database
    values:
      username: flask
    generate: [password]

- name: Remove the secret
  flaskops.eks.secretsmanager_secret:
    name: flask-prod/database
    recovery_window: 7
    state: absent
"""

RETURN = r"""
---
secret:
  description: The secret without its value; empty when it does not exist or waits for its deletion.
  returned: always
  type: dict
  contains:
    name: {description: The secret's name., type: str, sample: flask-prod/database}
    arn: {description: The secret's ARN., type: str,
      sample: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:flask-prod/database-AbCdEf"}
    description: {description: What the secret is for., type: str, sample: User and password of the database}
    kms_key_id: {description: The KMS key; empty for the key of AWS., type: str, sample: ""}
    rotation_enabled: {description: Whether it is rotated., type: bool, sample: false}
    deleted_date: {description: Always empty., type: str, sample: ""}
    keys: {description: The keys of the JSON object; only when the task names a value., type: list, elements: str,
      sample: [password, username]}
    version_id: {description: The version of the value; only when the task names a value., type: str,
      sample: 1f4c3b52-6c3b-4a1c-9d5e-000000000000}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: ["create secret flask-prod/database (password, username)"]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.api import SecretsManagerApi
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.plan import WantedSecret
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.secret import Secret


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "name": {"type": "str", "required": True},
        "description": {"type": "str"},
        "kms_key_id": {"type": "str"},
        "value": {"type": "str", "no_log": True},
        "values": {"type": "dict", "no_log": False},
        "secret_values": {"type": "dict", "no_log": True},
        "generate": {"type": "list", "elements": "str", "no_log": False},
        "generate_length": {"type": "int", "default": 32},
        "recovery_window": {"type": "int", "default": 30},
        **resource_options(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[("value", "values"), ("value", "secret_values"), ("value", "generate")],
    )
    window = module.params["recovery_window"]
    if window != 0 and not 7 <= window <= 30:
        module.fail_json(msg=f"recovery_window: {window} is not allowed; use 7 to 30 days, or 0 to delete at once")
    run(module, Secret(SecretsManagerApi.connect(module), WantedSecret.from_params(module.params)))


if __name__ == "__main__":
    main()
