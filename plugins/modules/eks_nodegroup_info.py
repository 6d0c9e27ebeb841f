#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe node groups of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_nodegroup_info
version_added: 1.0.0
short_description: Describe node groups of an Amazon EKS cluster
description:
  - Describes node groups as M(flaskops.eks.eks_nodegroup) returns them. Changes nothing.
  - The result is empty when the cluster does not exist.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  names:
    description: The node groups' names. When omitted, all node groups of the cluster are described.
    type: list
    elements: str
seealso:
  - module: flaskops.eks.eks_nodegroup
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe all node groups of the cluster
  flaskops.eks.eks_nodegroup_info:
    cluster_name: flask-prod
  register: found
"""

RETURN = r"""
---
nodegroups:
  description: One entry for each that exists; one that is being deleted has the status V(DELETING).
  returned: always
  type: list
  elements: dict
  contains:
    nodegroup_name: {description: The node group's name., type: str, sample: general}
    nodegroup_arn: {description: The node group's ARN., type: str,
      sample: arn:aws:eks:eu-west-1:123456789012:nodegroup/flask-prod/general/a1b2c3}
    cluster_name: {description: The cluster's name., type: str, sample: flask-prod}
    status: {description: "CREATING, ACTIVE, UPDATING, DELETING, CREATE_FAILED, DELETE_FAILED or DEGRADED.", type: str,
      sample: ACTIVE}
    version: {description: The Kubernetes minor version of the nodes., type: str, sample: "1.33"}
    release_version: {description: The release of the machine image., type: str, sample: 1.33.4-20251016}
    capacity_type: {description: How the nodes are bought., type: str, sample: ON_DEMAND}
    scaling_config:
      description: The bounds and the present number of nodes.
      type: dict
      contains:
        min_size: {description: The least number., type: int, sample: 3}
        max_size: {description: The greatest number., type: int, sample: 10}
        desired_size: {description: The number wanted now., type: int, sample: 3}
    instance_types: {description: The instance types., type: list, elements: str, sample: [m7g.large]}
    subnets: {description: The subnets., type: list, elements: str, sample: [subnet-0aaa, subnet-0bbb]}
    ami_type: {description: The kind of machine image., type: str, sample: AL2023_ARM_64_STANDARD}
    node_role: {description: The role of the nodes., type: str, sample: arn:aws:iam::123456789012:role/flask-prod-node}
    labels: {description: The Kubernetes labels., type: dict, sample: {workload: general}}
    taints:
      description: The Kubernetes taints.
      returned: when there are any
      type: list
      elements: dict
      contains:
        key: {description: The taint's key., type: str, sample: dedicated}
        value: {description: The taint's value., type: str, sample: batch}
        effect: {description: The taint's effect., type: str, sample: NO_SCHEDULE}
    disk_size: {description: The size of the root disk in GiB., returned: without a launch template, type: int,
      sample: 20}
    update_config: {description: How many nodes an update may take away., type: dict, sample: {max_unavailable: 1}}
    resources:
      description: What EKS made for the group.
      returned: once active
      type: dict
      contains:
        auto_scaling_groups:
          description: The Auto Scaling groups.
          type: list
          elements: dict
          contains:
            name: {description: The group's name., type: str, sample: eks-general-a1b2c3}
    health: {description: What EKS finds wrong., type: dict, sample: {issues: []}}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.plan import WantedNodegroup
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.resource import Nodegroup


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
            names = api.listing("list_nodegroups", "nodegroups", clusterName=cluster)
        return existing(names, lambda name: Nodegroup(api, WantedNodegroup(cluster_name=cluster, name=name)).describe())

    report(module, "nodegroups", "node groups", read)


if __name__ == "__main__":
    main()
