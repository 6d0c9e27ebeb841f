#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe access entries of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_access_entry_info
version_added: 1.0.0
short_description: Describe access entries of an Amazon EKS cluster
description:
  - Describes access entries with their policies, as M(flaskops.eks.eks_access_entry) returns them. Changes nothing.
  - The result is empty when the cluster does not exist.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  principal_arns:
    description: The IAM principals. When omitted, all entries of the cluster are described.
    type: list
    elements: str
seealso:
  - module: flaskops.eks.eks_access_entry
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe who may access the cluster
  flaskops.eks.eks_access_entry_info:
    cluster_name: flask-prod
  register: found
"""

RETURN = r"""
---
access_entries:
  description: One entry for each principal that has one.
  returned: always
  type: list
  elements: dict
  contains:
    cluster_name: {description: The cluster's name., type: str, sample: flask-prod}
    principal_arn: {description: The IAM principal., type: str, sample: arn:aws:iam::123456789012:role/operators}
    access_entry_arn: {description: The entry's ARN., type: str,
      sample: arn:aws:eks:eu-west-1:123456789012:access-entry/flask-prod/role/123456789012/operators/a1}
    type: {description: What the principal is., type: str, sample: STANDARD}
    username: {description: The Kubernetes user name., type: str,
      sample: "arn:aws:sts::123456789012:assumed-role/operators/{{SessionName}}"}
    kubernetes_groups: {description: The Kubernetes groups., type: list, elements: str, sample: [flask-developers]}
    associated_access_policies:
      description: The access policies.
      type: list
      elements: dict
      contains:
        policy_arn: {description: The policy's ARN., type: str,
          sample: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy}
        access_scope:
          description: Where it holds.
          type: dict
          contains:
            type: {description: Cluster or namespace., type: str, sample: namespace}
            namespaces: {description: The namespaces., type: list, elements: str, sample: [flask]}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.plan import WantedAccessEntry
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.resource import AccessEntry
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "cluster_name": {"type": "str", "required": True},
        "principal_arns": {"type": "list", "elements": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api, cluster = EksApi.connect(module), module.params["cluster_name"]

    def describe(principal: str) -> Found:
        return AccessEntry(api, WantedAccessEntry(cluster_name=cluster, principal_arn=principal)).describe()

    def read() -> list[dict[str, Any]]:
        principals = module.params["principal_arns"]
        if principals is None:
            principals = api.listing("list_access_entries", "accessEntries", clusterName=cluster)
        return existing(principals, describe)

    report(module, "access_entries", "access entries", read)


if __name__ == "__main__":
    main()
