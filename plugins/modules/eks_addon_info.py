#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe add-ons of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_addon_info
version_added: 1.0.0
short_description: Describe add-ons of an Amazon EKS cluster
description:
  - Describes add-ons as M(flaskops.eks.eks_addon) returns them. Changes nothing.
  - The result is empty when the cluster does not exist.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  names:
    description: The add-ons' names. When omitted, all add-ons of the cluster are described.
    type: list
    elements: str
seealso:
  - module: flaskops.eks.eks_addon
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe all add-ons of the cluster
  flaskops.eks.eks_addon_info:
    cluster_name: flask-prod
  register: found
"""

RETURN = r"""
---
addons:
  description: One entry for each that exists; one that is being deleted has the status V(DELETING).
  returned: always
  type: list
  elements: dict
  contains:
    addon_name: {description: The add-on's name., type: str, sample: vpc-cni}
    addon_arn: {description: The add-on's ARN., type: str,
      sample: arn:aws:eks:eu-west-1:123456789012:addon/flask-prod/vpc-cni/a1b2c3}
    cluster_name: {description: The cluster's name., type: str, sample: flask-prod}
    addon_version: {description: The add-on's version., type: str, sample: v1.20.4-eksbuild.2}
    status: {description: "CREATING, ACTIVE, UPDATING, DELETING, DEGRADED or one of the failures.", type: str,
      sample: ACTIVE}
    configuration_values: {description: The configuration as text., returned: when there is any, type: str,
      sample: '{"enableNetworkPolicy": "true"}'}
    service_account_role_arn: {description: The role of the service account., returned: when there is one, type: str,
      sample: arn:aws:iam::123456789012:role/flask-prod-cni}
    pod_identity_associations:
      description: The roles by pod identity.
      type: list
      elements: dict
      contains:
        service_account: {description: The service account., type: str, sample: ebs-csi-controller-sa}
        role_arn: {description: The role that it takes., type: str,
          sample: arn:aws:iam::123456789012:role/flask-prod-ebs}
        association_arn: {description: The association's ARN., type: str,
          sample: arn:aws:eks:eu-west-1:123456789012:podidentityassociation/flask-prod/a-1}
    health: {description: What EKS finds wrong., type: dict, sample: {issues: []}}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.plan import WantedAddon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.resource import Addon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "cluster_name": {"type": "str", "required": True},
        "names": {"type": "list", "elements": "str"},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api, cluster = EksApi.connect(module), module.params["cluster_name"]

    def read() -> list[dict[str, Any]]:
        names = module.params["names"]
        if names is None:
            names = api.listing("list_addons", "addons", clusterName=cluster)
        return existing(names, lambda name: Addon(api, WantedAddon(cluster_name=cluster, name=name)).describe())

    report(module, "addons", "add-ons", read)


if __name__ == "__main__":
    main()
