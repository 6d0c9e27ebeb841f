# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User name and password of ECR."""

# ruff: noqa: E402 - Ansible wants the documentation before the imports
from __future__ import annotations

DOCUMENTATION = r"""
name: ecr_token
short_description: User name and password of the ECR registry of the account
version_added: 1.0.0
description:
  - Requests an authorization token from ECR (C(ecr:GetAuthorizationToken)) and returns user name and password.
  - The password is valid for 12 hours. Use it with C(no_log) only, and pass it to programs on standard input.
author:
  - flaskops.eks contributors
extends_documentation_fragment:
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Log in to the registry
  ansible.builtin.command:
    argv: [podman, login, --username, "{{ token.username }}", --password-stdin, "{{ token.registry }}"]
    stdin: "{{ token.password }}"
  vars:
    token: "{{ lookup('flaskops.eks.ecr_token', region='eu-west-1') }}"
  no_log: true
"""

RETURN = r"""
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    username:
      description: User name.
      type: str
    password:
      description: Password.
      type: str
    registry:
      description: Host of the registry, with an optional port.
      type: str
"""

import base64
import binascii
import typing as t
from urllib.parse import urlsplit

import botocore.exceptions
from ansible.errors import AnsibleLookupError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase


def credentials(authorization: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Split one entry of GetAuthorizationToken.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_AuthorizationData.html

    Args:
        authorization: authorizationToken (base64 of user:password) and proxyEndpoint.

    Returns:
        username, password and registry.

    Raises:
        AnsibleLookupError: The token has an unexpected format. The message does not contain it.
    """
    try:
        username, password = base64.b64decode(authorization["authorizationToken"], validate=True).decode().split(":", 1)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise AnsibleLookupError("flaskops.eks.ecr_token: the token of ECR is not base64 of user:password.") from None
    endpoint = urlsplit(authorization["proxyEndpoint"])
    return {"username": username, "password": password, "registry": endpoint.netloc}


class LookupModule(AWSLookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[t.Any]:
        """Return one dictionary; terms are ignored."""
        super().run(terms, variables, **kwargs)
        client = self.client("ecr", AWSRetry.jittered_backoff())
        try:
            answer = client.get_authorization_token(aws_retry=True)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise AnsibleLookupError(f"flaskops.eks.ecr_token: cannot get a token from ECR: {error}") from None
        return [credentials(answer["authorizationData"][0])]
