# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Address, CA and token of the Kubernetes API of an EKS cluster."""

# ruff: noqa: E402 - Ansible wants the documentation before the imports
from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_auth
short_description: Connection to the Kubernetes API of an EKS cluster
version_added: 1.0.0
description:
  - Reads endpoint and certificate authority of the cluster from EKS and creates a token in process. Neither the aws
    CLI nor a kubeconfig is needed.
  - Use it in C(module_defaults) of the group C(flaskops.eks.k8s). It is evaluated for every task, so the token does
    not expire.
  - In check mode, all values are V((known after apply)) if the cluster does not exist or has no endpoint yet.
author:
  - flaskops.eks contributors
options:
  _terms:
    description: Name of one cluster.
    required: true
  region:
    description: AWS region.
    type: str
  endpoint_url:
    description: AWS endpoint URL for EKS and STS. The default are the regional endpoints.
    type: str
  access_key:
    description: AWS access key. The default comes from the environment.
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
      description: CA certificate file, below C(~/.cache/flaskops-eks/ca).
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
        """Return one dictionary for one cluster name."""
        if len(terms) != 1:
            raise AnsibleLookupError("flaskops.eks.cluster_auth takes one cluster name.")
        self.set_options(var_options=variables, direct=kwargs)
        # botocore needs plain strings, not tagged strings of the template engine.
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
