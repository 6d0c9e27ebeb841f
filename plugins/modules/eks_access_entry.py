#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An access entry of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_access_entry
version_added: 1.0.0
short_description: Manage access entries of an Amazon EKS cluster
description:
  - Creates, changes and deletes the access entry of an IAM principal, with its Kubernetes groups and access policies.
  - Access entries follow the ConfigMap aws-auth. An entry that exists already is adopted.
  - Options that are not given are not changed. EKS may need some seconds until a change takes effect.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  principal_arn:
    description: The ARN of the IAM role or user.
    type: str
    required: true
  type:
    description: What the principal is. A new entry without it is V(STANDARD). Cannot be changed.
    type: str
    choices: [STANDARD, EC2, EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, HYPERPOD_LINUX]
  kubernetes_groups:
    description: The Kubernetes groups that RoleBindings name. If given, they are exact. Their order is ignored.
    type: list
    elements: str
  username:
    description: The Kubernetes user name. A new entry without it gets one made from the ARN.
    type: str
  policies:
    description: The access policies of EKS. If given, they are exact; an empty list removes all.
    type: list
    elements: dict
    suboptions:
      policy_arn:
        description: The policy's ARN, for example V(arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy).
        type: str
        required: true
      scope:
        description: Where the policy holds; in the whole cluster when not given.
        type: dict
        suboptions:
          type:
            description: The whole cluster, or some namespaces.
            type: str
            choices: [cluster, namespace]
            default: cluster
          namespaces:
            description: The namespaces of a scope of type V(namespace).
            type: list
            elements: str
seealso:
  - module: flaskops.eks.eks_cluster
extends_documentation_fragment: [flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Let the operators administer the cluster
  flaskops.eks.eks_access_entry:
    cluster_name: flask-prod
    principal_arn: arn:aws:iam::123456789012:role/operators
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy

- name: Let the developers look at one namespace
  flaskops.eks.eks_access_entry:
    cluster_name: flask-prod
    principal_arn: arn:aws:iam::123456789012:role/developers
    kubernetes_groups: [flask-developers]
    policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
        scope:
          type: namespace
          namespaces: [flask]
"""

RETURN = r"""
---
access_entry:
  description: The entry as EKS describes it, with its policies; empty when it does not exist.
  returned: always
  type: dict
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
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [create access entry of arn:aws:iam::123456789012:role/operators]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.plan import WantedAccessEntry
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry.resource import AccessEntry
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi

TYPES = ["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"]


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    scope = {
        "type": {"type": "str", "choices": ["cluster", "namespace"], "default": "cluster"},
        "namespaces": {"type": "list", "elements": "str"},
    }
    return {
        "cluster_name": {"type": "str", "required": True},
        "principal_arn": {"type": "str", "required": True},
        "type": {"type": "str", "choices": TYPES},
        "kubernetes_groups": {"type": "list", "elements": "str"},
        "username": {"type": "str"},
        "policies": {
            "type": "list",
            "elements": "dict",
            "options": {"policy_arn": {"type": "str", "required": True}, "scope": {"type": "dict", "options": scope}},
        },
        **resource_options(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, AccessEntry(EksApi.connect(module), WantedAccessEntry.from_params(module.params)))


if __name__ == "__main__":
    main()
