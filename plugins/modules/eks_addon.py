#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An add-on of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_addon
version_added: 1.0.0
short_description: Manage an add-on of an Amazon EKS cluster
description:
  - Creates, updates and deletes an EKS add-on such as vpc-cni, coredns, kube-proxy, eks-pod-identity-agent or
    aws-ebs-csi-driver.
  - Options that are not given are not changed. Configuration is compared by meaning, not by text.
  - What EKS finds wrong with the add-on is part of the error. An add-on that only lacks nodes is waited for.
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  name:
    description: The add-on's name.
    type: str
    required: true
  version:
    description:
      - The add-on's version, for example V(v1.20.4-eksbuild.2). A new add-on without it gets the default for the
        cluster's version.
      - If not given, it is not compared, and the add-on keeps its own when the cluster goes up. EKS refuses one
        that the cluster's version does not take.
    type: str
  configuration_values:
    description: The add-on's configuration, a dictionary or JSON or YAML text. If given, it is exact.
    type: json
  service_account_role_arn:
    description: The role that the add-on's service account takes over the cluster's OpenID Connect provider.
    type: str
  pod_identity_associations:
    description:
      - Roles for the add-on's service accounts by pod identity. When mentioned they are exact, an empty list
        removes all.
    type: list
    elements: dict
    suboptions:
      service_account:
        description: The service account.
        type: str
        required: true
      role_arn:
        description: The role that it takes.
        type: str
        required: true
  resolve_conflicts:
    description:
      - How to resolve conflicts with manually changed fields that the add-on sets.
      - V(none) fails and names it, V(overwrite) takes the add-on's value, V(preserve) keeps the other one.
    type: str
    choices: [none, overwrite, preserve]
    default: none
  preserve:
    description: Whether O(state=absent) leaves the add-on's software running in the cluster.
    type: bool
    default: false
  wait_timeout:
    description: How long to wait for the creation, update or deletion, in seconds.
    type: int
    default: 1200
seealso:
  - module: flaskops.eks.eks_pod_identity_association
extends_documentation_fragment: [flaskops.eks.wait, flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Install the network plugin with prefix delegation
  flaskops.eks.eks_addon:
    cluster_name: flask-prod
    name: vpc-cni
    version: v1.20.4-eksbuild.2
    configuration_values:
      enableNetworkPolicy: "true"
      env:
        ENABLE_PREFIX_DELEGATION: "true"

- name: Install the storage driver with a role by pod identity
  flaskops.eks.eks_addon:
    cluster_name: flask-prod
    name: aws-ebs-csi-driver
    pod_identity_associations:
      - service_account: ebs-csi-controller-sa
        role_arn: arn:aws:iam::123456789012:role/flask-prod-ebs
"""

RETURN = r"""
---
addon:
  description: The add-on as EKS describes it; empty when it does not exist.
  returned: always
  type: dict
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
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [create add-on vpc-cni (v1.20.4-eksbuild.2)]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.plan import WantedAddon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.resource import Addon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "cluster_name": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "version": {"type": "str"},
        "configuration_values": {"type": "json"},
        "service_account_role_arn": {"type": "str"},
        "pod_identity_associations": {
            "type": "list",
            "elements": "dict",
            "options": {
                "service_account": {"type": "str", "required": True},
                "role_arn": {"type": "str", "required": True},
            },
        },
        "resolve_conflicts": {"type": "str", "choices": ["none", "overwrite", "preserve"], "default": "none"},
        "preserve": {"type": "bool", "default": False},
        **resource_options(wait_timeout=1200),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = WantedAddon.from_params(module.params)
    run(module, Addon(EksApi.connect(module), wanted, module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
