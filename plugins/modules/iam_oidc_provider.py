#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OIDC identity provider of IAM."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: iam_oidc_provider
version_added: 1.0.0
short_description: Manage an OIDC identity provider of AWS IAM
description:
  - Creates, changes and deletes an OIDC identity provider, for example that of an EKS cluster, so that roles can trust
    its ServiceAccounts (IRSA).
  - No thumbprint is sent; IAM validates the issuer with its own certificate authorities.
author:
  - flaskops.eks contributors
options:
  url:
    description: The issuer's URL, as V(cluster.identity.oidc.issuer) of EKS.
    type: str
    required: true
  client_ids:
    description: The audiences that tokens may be issued for; others are removed.
    type: list
    elements: str
    default: [sts.amazonaws.com]
seealso:
  - module: amazon.aws.iam_role
extends_documentation_fragment: [flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Create the OIDC provider of the cluster
  flaskops.eks.iam_oidc_provider:
    url: https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF
    tags:
      flaskops:environment: prod
"""

RETURN = r"""
---
provider:
  description: The provider; empty when it does not exist.
  returned: always
  type: dict
  contains:
    arn: {description: The provider's ARN., type: str,
      sample: "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"}
    url: {description: The issuer's URL without its scheme., type: str,
      sample: oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF}
    client_ids: {description: The audiences., type: list, elements: str, sample: [sts.amazonaws.com]}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [create OIDC provider oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.iam.api import IamApi
from ansible_collections.flaskops.eks.plugins.module_utils.iam.oidc_provider import OidcProvider, WantedProvider


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "url": {"type": "str", "required": True},
        "client_ids": {"type": "list", "elements": "str", "default": ["sts.amazonaws.com"]},
        **resource_options(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, OidcProvider(IamApi.connect(module), WantedProvider.from_params(module.params)))


if __name__ == "__main__":
    main()
