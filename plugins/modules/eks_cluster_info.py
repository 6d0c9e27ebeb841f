#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe clusters of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_cluster_info
version_added: 1.0.0
short_description: Describe Amazon EKS clusters
description:
  - Describes clusters as M(flaskops.eks.eks_cluster) returns them. Changes nothing.
author:
  - flaskops.eks contributors
options:
  names:
    description: The clusters' names. When omitted, all clusters of the region are described.
    type: list
    elements: str
seealso:
  - module: flaskops.eks.eks_cluster
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the cluster
  flaskops.eks.eks_cluster_info:
    names: [flask-prod]
  register: found

- name: Show the Kubernetes version
  ansible.builtin.debug:
    msg: "{{ found.clusters | map(attribute='version') | first | default('no cluster') }}"
"""

RETURN = r"""
---
clusters:
  description: One entry for each cluster that exists; one that is being deleted has the status V(DELETING).
  returned: always
  type: list
  elements: dict
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
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.plan import WantedCluster
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.resource import Cluster


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"names": {"type": "list", "elements": "str"}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = EksApi.connect(module)

    def read() -> list[dict[str, Any]]:
        names = module.params["names"]
        if names is None:
            names = api.listing("list_clusters", "clusters")
        return existing(names, lambda name: Cluster(api, WantedCluster(name=name)).describe())

    report(module, "clusters", "EKS clusters", read)


if __name__ == "__main__":
    main()
