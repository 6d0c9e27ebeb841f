#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe pod identity associations of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_pod_identity_association_info
version_added: 1.0.0
short_description: Describe pod identity associations of an Amazon EKS cluster
description:
  - Describes associations as M(flaskops.eks.eks_pod_identity_association) returns them. Changes nothing.
  - The result is empty when the cluster does not exist.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  namespace:
    description: Only associations of this namespace.
    type: str
  service_account:
    description: Only associations of service accounts of this name.
    type: str
seealso:
  - module: flaskops.eks.eks_pod_identity_association
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the roles of all pods
  flaskops.eks.eks_pod_identity_association_info:
    cluster_name: flask-prod
  register: found
"""

RETURN = r"""
---
associations:
  description: One entry for each association that exists.
  returned: always
  type: list
  elements: dict
  contains:
    cluster_name: {description: The cluster's name., type: str, sample: flask-prod}
    namespace: {description: The namespace., type: str, sample: flask}
    service_account: {description: The service account., type: str, sample: flask-app}
    role_arn: {description: The role., type: str, sample: arn:aws:iam::123456789012:role/my-app-eks-pod-role}
    association_id: {description: The association's id., type: str, sample: a-abcdefghijklmnop1}
    association_arn: {description: The association's ARN., type: str,
      sample: arn:aws:eks:eu-west-1:123456789012:podidentityassociation/flask-prod/a-abcdefghijklmnop1}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "cluster_name": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "service_account": {"type": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = EksApi.connect(module)
    cluster = {"clusterName": module.params["cluster_name"]}
    given = {"namespace": module.params["namespace"], "serviceAccount": module.params["service_account"]}
    filters = {name: value for name, value in given.items() if value is not None}

    def describe(association_id: str) -> Found:
        return api.describe("describe_pod_identity_association", "association", associationId=association_id, **cluster)

    def read() -> list[dict[str, Any]]:
        listed = api.listing("list_pod_identity_associations", "associations", **cluster, **filters)
        return existing((entry["associationId"] for entry in listed), describe)

    report(module, "associations", "pod identity associations", read)


if __name__ == "__main__":
    main()
