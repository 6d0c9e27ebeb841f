# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address, certificate authority and token of an EKS cluster's Kubernetes API."""

# ruff: noqa: E402 - Ansible wants the documentation before the imports
from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_auth
short_description: How to reach the Kubernetes API of an EKS cluster
version_added: 1.0.0
description:
  - Asks EKS for the cluster's endpoint and certificate authority and mints a token in process. Neither the aws CLI
    nor a kubeconfig is needed.
  - Meant for C(module_defaults) of the group C(flaskops.eks.k8s). It is evaluated anew for every task, so the
    token never grows old.
  - In check mode a cluster that does not exist or has no endpoint yet gives V((known after apply)) for everything.
author:
  - flaskops.eks contributors
options:
  _terms:
    description: Name of the cluster. One name.
    required: true
  region:
    description: AWS region.
    type: str
  endpoint_url:
    description: Endpoint of AWS, for EKS and STS. The regional endpoints when it is not given.
    type: str
  access_key:
    description: AWS access key. That of the environment when it is not given.
    type: str
  secret_key:
    description: AWS secret key.
    type: str
  session_token:
    description: AWS session token.
    type: str
  profile:
    description: Profile of the AWS configuration.
    type: str
"""

EXAMPLES = r"""
- name: Kubernetes tasks
  hosts: localhost
  module_defaults:
    group/flaskops.eks.k8s: "{{ lookup('flaskops.eks.cluster_auth', 'flask-prod', region='eu-west-1') }}"
  tasks:
    - name: Namespace
      flaskops.eks.manifests:
        resources: [{apiVersion: v1, kind: Namespace, metadata: {name: flask}}]
"""

RETURN = r"""
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    host:
      description: URL of the Kubernetes API.
      type: str
    ca_cert:
      description: File with the certificate authority's certificate, below C(~/.cache/flaskops-eks/ca).
      type: str
    api_key:
      description: Bearer token, valid for 15 minutes.
      type: str
"""

import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.flaskops.eks.plugins.plugin_utils import _warm
from ansible_collections.flaskops.eks.plugins.plugin_utils._cluster_auth import (
    ClusterAuthError,
    Connection,
    cluster_auth,
)

_OPTIONS: t.Final = ("region", "endpoint_url", "access_key", "secret_key", "session_token", "profile")


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any
    ) -> list[dict[str, str]]:
        """One dictionary for one cluster name."""
        if len(terms) != 1:
            raise AnsibleLookupError("flaskops.eks.cluster_auth takes one cluster name.")
        self.set_options(var_options=variables, direct=kwargs)
        # Plain strings: botocore signs and compares them; the template engine's own kind of text is of no use there.
        given = {name: str(value) for name in _OPTIONS if (value := self.get_option(name))}
        _warm.share_loader()
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        try:
            auth = cluster_auth(
                str(terms[0]),
                Connection(**given),
                check_mode=bool((variables or {}).get("ansible_check_mode")),
                ca_folder=cache / "flaskops-eks" / "ca",
            )
        except ClusterAuthError as error:
            raise AnsibleLookupError(str(error)) from None
        return [auth]
