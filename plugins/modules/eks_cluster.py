#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An EKS cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_cluster
version_added: 1.0.0
short_description: Manage an Amazon EKS cluster
description:
  - Creates, changes, upgrades and deletes an EKS cluster.
  - Options that are not given are not changed. Updates run one after the other, as EKS demands, and each is followed
    to its end.
  - Kubernetes is upgraded one minor version at a time and never downgraded; other changes fail with the steps to take.
  - If the response of a create call is lost, the cluster is adopted by name and tags.
author:
  - flaskops.eks contributors
options:
  name:
    description: The cluster's name.
    type: str
    required: true
  version:
    description:
      - The Kubernetes minor version, for example V(1.33). A new cluster without it gets the default of EKS.
    type: str
  role_arn:
    description: The role of the control plane. Required on creation; cannot be changed.
    type: str
  subnet_ids:
    description:
      - Subnets of at least two zones for the network interfaces of the control plane. Required on creation. Their order
        means nothing.
    type: list
    elements: str
  security_group_ids:
    description: Additional security groups of these interfaces, besides the cluster security group.
    type: list
    elements: str
  endpoint_public_access:
    description: Whether the API is reachable from the internet. The default for a new cluster is true.
    type: bool
  endpoint_private_access:
    description: Whether the API is reachable inside the VPC. The default for a new cluster is false.
    type: bool
  public_access_cidrs:
    description: CIDR blocks that may reach the public endpoint. Ignored if the endpoint is not public.
    type: list
    elements: str
  log_types:
    description: Control plane logs sent to CloudWatch; an empty list disables all.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  encryption_key_arn:
    description: The KMS key that encrypts Kubernetes Secrets. It can be added later, but neither changed nor removed.
    type: str
  deletion_protection:
    description:
      - Whether EKS refuses to delete the cluster.
      - With O(state=absent) an explicit V(false) removes the protection first.
    type: bool
  authentication_mode:
    description:
      - How callers are known to the cluster. A new cluster without it gets V(API), that is access entries only.
      - It can change from V(CONFIG_MAP) to V(API_AND_CONFIG_MAP) to V(API), but not back.
    type: str
    choices: [CONFIG_MAP, API_AND_CONFIG_MAP, API]
  support_type:
    description:
      - What happens when the standard support of the version ends, an upgrade by AWS (V(STANDARD)) or extended
        support for more money (V(EXTENDED)).
    type: str
    choices: [STANDARD, EXTENDED]
  service_ipv4_cidr:
    description: The range of Service addresses. Only when creating; cannot be changed.
    type: str
  bootstrap_cluster_creator_admin_permissions:
    description:
      - Whether the creator becomes administrator of a new cluster without an access entry. Used on creation
        only.
    type: bool
    default: false
  bootstrap_self_managed_addons:
    description:
      - Whether a new cluster gets aws-node, kube-proxy and coredns outside of EKS's add-ons. Only when creating.
      - They would conflict with the managed add-ons of M(flaskops.eks.eks_addon).
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait for the creation, each update or the deletion, in seconds. Creation takes 8 to 15 minutes,
        an upgrade up to 60.
    type: int
    default: 3600
seealso:
  - module: flaskops.eks.eks_nodegroup
  - module: flaskops.eks.eks_addon
  - module: flaskops.eks.eks_access_entry
extends_documentation_fragment: [flaskops.eks.wait, flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Create the cluster without waiting
  flaskops.eks.eks_cluster:
    name: flask-prod
    version: "1.33"
    role_arn: arn:aws:iam::123456789012:role/flask-prod-cluster
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    endpoint_public_access: false
    endpoint_private_access: true
    log_types: [api, audit, authenticator]
    deletion_protection: true
    tags:
      flaskops:project: flask
      flaskops:environment: prod
      flaskops:component: eks
      flaskops:managed-by: flaskops.eks
    wait: false

- name: Wait for it
  flaskops.eks.eks_cluster:
    name: flask-prod
  register: eks

- name: Delete a protected cluster
  flaskops.eks.eks_cluster:
    name: flask-dev
    deletion_protection: false
    state: absent
"""

RETURN = r"""
---
cluster:
  description: The cluster as EKS describes it; empty when it does not exist.
  returned: always
  type: dict
  contains:
    name: {description: The cluster's name., type: str, sample: flask-prod}
    arn: {description: The cluster's ARN., type: str, sample: arn:aws:eks:eu-west-1:123456789012:cluster/flask-prod}
    status: {description: "CREATING, ACTIVE, UPDATING, DELETING or FAILED.", type: str, sample: ACTIVE}
    version: {description: The Kubernetes minor version., type: str, sample: "1.33"}
    platform_version: {description: The version of EKS's own parts., type: str, sample: eks.9}
    endpoint: {description: The address of the Kubernetes API., returned: once active, type: str,
      sample: https://ABCDEF0123456789.gr7.eu-west-1.eks.amazonaws.com}
    certificate_authority:
      description: Who signs the API's certificate.
      returned: once active
      type: dict
      contains:
        data: {description: "The certificate, base64 of PEM.", type: str, sample: LS0tLS1CRUdJTi...}
    role_arn: {description: The role of the control plane., type: str,
      sample: arn:aws:iam::123456789012:role/flask-prod-cluster}
    identity:
      description: The cluster as an identity provider.
      returned: once active
      type: dict
      contains:
        oidc:
          description: OpenID Connect.
          type: dict
          contains:
            issuer: {description: The issuer's URL., type: str,
              sample: https://oidc.eks.eu-west-1.amazonaws.com/id/ABCDEF0123456789}
    resources_vpc_config:
      description: The cluster's network.
      type: dict
      contains:
        vpc_id: {description: The VPC., type: str, sample: vpc-0123456789abcdef0}
        cluster_security_group_id: {description: The security group that EKS made for control plane and nodes.,
          returned: once active, type: str, sample: sg-0123456789abcdef0}
        subnet_ids: {description: The subnets of the control plane., type: list, elements: str,
          sample: [subnet-0aaa, subnet-0bbb]}
        security_group_ids: {description: The further security groups., type: list, elements: str, sample: [sg-0ccc]}
        endpoint_public_access: {description: Whether the API is public., type: bool, sample: false}
        endpoint_private_access: {description: Whether the API is reached inside the VPC., type: bool, sample: true}
        public_access_cidrs: {description: Who may reach the public endpoint., type: list, elements: str,
          sample: [0.0.0.0/0]}
    access_config:
      description: How callers are known.
      type: dict
      contains:
        authentication_mode: {description: The authentication mode., type: str, sample: API}
    kubernetes_network_config:
      description: Addresses inside of Kubernetes.
      type: dict
      contains:
        service_ipv4_cidr: {description: The range of Service addresses., type: str, sample: 172.20.0.0/16}
    deletion_protection: {description: Whether deletion is refused., type: bool, sample: true}
    created_at: {description: When it was created., type: str, sample: "2026-11-21T12:00:00+00:00"}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [create cluster flask-prod (Kubernetes 1.33)]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.actions import LOG_TYPES
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.plan import WantedCluster
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.resource import Cluster


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "name": {"type": "str", "required": True},
        "version": {"type": "str"},
        "role_arn": {"type": "str"},
        "subnet_ids": {"type": "list", "elements": "str"},
        "security_group_ids": {"type": "list", "elements": "str"},
        "endpoint_public_access": {"type": "bool"},
        "endpoint_private_access": {"type": "bool"},
        "public_access_cidrs": {"type": "list", "elements": "str"},
        "log_types": {"type": "list", "elements": "str", "choices": list(LOG_TYPES)},
        "encryption_key_arn": {"type": "str", "no_log": False},
        "deletion_protection": {"type": "bool"},
        "authentication_mode": {"type": "str", "choices": ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]},
        "support_type": {"type": "str", "choices": ["STANDARD", "EXTENDED"]},
        "service_ipv4_cidr": {"type": "str"},
        "bootstrap_cluster_creator_admin_permissions": {"type": "bool", "default": False},
        "bootstrap_self_managed_addons": {"type": "bool", "default": False},
        **resource_options(wait_timeout=3600),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = WantedCluster.from_params(module.params)
    run(module, Cluster(EksApi.connect(module), wanted, module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
