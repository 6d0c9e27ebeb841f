#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A managed node group of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_nodegroup
version_added: 1.0.0
short_description: Manage a managed node group of Amazon EKS
description:
  - Creates, changes, upgrades and deletes a managed node group.
  - Options that are not given are not changed. The desired size belongs to autoscalers. It is only set on creation, or
    if it is outside of the wanted bounds.
  - Fails for options that EKS cannot change on a node group, with their names and what to do.
  - A node group with a failed creation is deleted and created again by the next run.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  name:
    description: The node group's name.
    type: str
    required: true
  node_role_arn:
    description: The role of the nodes. Required on creation; cannot be changed.
    type: str
  subnet_ids:
    description: The subnets of the nodes. Required on creation; cannot be changed. Their order is ignored.
    type: list
    elements: str
  scaling_config:
    description: Size limits of the node group. Required on creation.
    type: dict
    suboptions:
      min_size:
        description: Minimum number of nodes.
        type: int
      max_size:
        description: Maximum number of nodes.
        type: int
      desired_size:
        description:
          - How many nodes a new group starts with; O(scaling_config.min_size) when not given. Not touched later.
        type: int
  instance_types:
    description: The instance types, the preferred one first. Cannot be changed.
    type: list
    elements: str
  ami_type:
    description:
      - The AMI type, for example V(AL2023_x86_64_STANDARD) or V(BOTTLEROCKET_ARM_64). Cannot be
        changed.
    type: str
  capacity_type:
    description: The capacity type, on demand or spot. Cannot be changed.
    type: str
    choices: [ON_DEMAND, SPOT, CAPACITY_BLOCK]
  disk_size:
    description: The size of the nodes' root disk in GiB. Cannot be changed; not together with O(launch_template).
    type: int
  launch_template:
    description:
      - The launch template of the nodes, by id or name. Another one cannot be taken later, another version can.
    type: dict
    suboptions:
      id:
        description: The template's id.
        type: str
      name:
        description: The template's name.
        type: str
      version:
        description:
          - The template's version as a number. V($Latest) and V($Default) are taken when creating and not compared
            later.
        type: str
  labels:
    description: The Kubernetes labels of the nodes. If given, they are exact and others are removed.
    type: dict
  taints:
    description: The Kubernetes taints of the nodes. If given, they are exact and others are removed.
    type: list
    elements: dict
    suboptions:
      key:
        description: The taint's key.
        type: str
        required: true
      value:
        description: The taint's value.
        type: str
        default: ""
      effect:
        description: The effect of the taint.
        type: str
        required: true
        choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
  update_config:
    description: How many nodes may be unavailable during an update.
    type: dict
    suboptions:
      max_unavailable:
        description: As a number.
        type: int
      max_unavailable_percentage:
        description: As a percentage.
        type: int
  version:
    description:
      - The Kubernetes minor version of the nodes. A new group gets the cluster's, the only one that EKS takes then.
      - If not given, it is not compared, and the nodes keep theirs when the cluster goes up.
      - Another one replaces every node. It cannot go down, and EKS refuses one that is newer than the cluster's.
    type: str
  release_version:
    description:
      - The release of the machine image, for example V(1.33.4-20251016). Another one replaces every node. It cannot
        go down.
      - If not given, it is not compared. Nodes that are replaced for another reason get the latest one of their
        Kubernetes version.
    type: str
  force_update:
    description: Whether to force an update if a PodDisruptionBudget blocks the eviction of a pod.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for the creation, each update or the deletion, in seconds. EKS gives a creation up after
        some 25 minutes by itself.
    type: int
    default: 3600
seealso:
  - module: flaskops.eks.eks_cluster
extends_documentation_fragment: [flaskops.eks.wait, flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Make nodes for the applications
  flaskops.eks.eks_nodegroup:
    cluster_name: flask-prod
    name: general
    node_role_arn: arn:aws:iam::123456789012:role/flask-prod-node
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    scaling_config:
      min_size: 3
      max_size: 10
    instance_types: [m7g.large]
    ami_type: AL2023_ARM_64_STANDARD
    labels:
      workload: general
    update_config:
      max_unavailable: 1

- name: Keep others away from the batch nodes
  flaskops.eks.eks_nodegroup:
    cluster_name: flask-prod
    name: batch
    taints:
      - key: dedicated
        value: batch
        effect: NO_SCHEDULE

- name: Upgrade the nodes after the cluster
  flaskops.eks.eks_nodegroup:
    cluster_name: flask-prod
    name: general
    version: "1.34"
"""

RETURN = r"""
---
nodegroup:
  description: The node group as EKS describes it; empty when it does not exist.
  returned: always
  type: dict
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
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [set label workload=general; set max_size to 10]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.plan import WantedNodegroup
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.resource import Nodegroup


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    number = {"type": "int"}
    return {
        "cluster_name": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "node_role_arn": {"type": "str"},
        "subnet_ids": {"type": "list", "elements": "str"},
        "scaling_config": {"type": "dict", "options": {"min_size": number, "max_size": number, "desired_size": number}},
        "instance_types": {"type": "list", "elements": "str"},
        "ami_type": {"type": "str"},
        "capacity_type": {"type": "str", "choices": ["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]},
        "disk_size": {"type": "int"},
        "launch_template": {
            "type": "dict",
            "options": {"id": {"type": "str"}, "name": {"type": "str"}, "version": {"type": "str"}},
            "mutually_exclusive": [("id", "name")],
            "required_one_of": [("id", "name")],
        },
        "labels": {"type": "dict"},
        "taints": {
            "type": "list",
            "elements": "dict",
            "options": {
                "key": {"type": "str", "required": True, "no_log": False},
                "value": {"type": "str", "default": ""},
                "effect": {
                    "type": "str",
                    "required": True,
                    "choices": ["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"],
                },
            },
        },
        "update_config": {
            "type": "dict",
            "options": {"max_unavailable": number, "max_unavailable_percentage": number},
            "mutually_exclusive": [("max_unavailable", "max_unavailable_percentage")],
        },
        "version": {"type": "str"},
        "release_version": {"type": "str"},
        "force_update": {"type": "bool", "default": False},
        **resource_options(wait_timeout=3600),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec=argument_spec(), supports_check_mode=True, mutually_exclusive=[("disk_size", "launch_template")]
    )
    wanted = WantedNodegroup.from_params(module.params)
    run(module, Nodegroup(EksApi.connect(module), wanted, module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
