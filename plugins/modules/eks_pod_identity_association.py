#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pod identity association of EKS."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: eks_pod_identity_association
version_added: 1.0.0
short_description: Manage EKS pod identity associations of Kubernetes service accounts
description:
  - Creates, changes and deletes the association of a service account with an IAM role.
  - The namespace and the service account are its key; neither has to exist yet.
  - The cluster needs the add-on eks-pod-identity-agent, and the role must trust V(pods.eks.amazonaws.com).
  - Fails for an association that belongs to an add-on; change it with M(flaskops.eks.eks_addon).
author:
  - flaskops.eks contributors
options:
  cluster_name:
    description: The cluster's name.
    type: str
    required: true
  namespace:
    description: The service account's namespace.
    type: str
    required: true
  service_account:
    description: The service account.
    type: str
    required: true
  role_arn:
    description: The role that pods of the service account take. Required on creation.
    type: str
seealso:
  - module: flaskops.eks.eks_addon
extends_documentation_fragment: [flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Let the application read its secrets
  flaskops.eks.eks_pod_identity_association:
    cluster_name: flask-prod
    namespace: flask
    service_account: flask-app
    role_arn: arn:aws:iam::123456789012:role/my-app-eks-pod-role
"""

RETURN = r"""
---
association:
  description: The association as EKS describes it; empty when it does not exist.
  returned: always
  type: dict
  contains:
    cluster_name: {description: The cluster's name., type: str, sample: flask-prod}
    namespace: {description: The namespace., type: str, sample: flask}
    service_account: {description: The service account., type: str, sample: flask-app}
    role_arn: {description: The role., type: str, sample: arn:aws:iam::123456789012:role/my-app-eks-pod-role}
    association_id: {description: The association's id., type: str, sample: a-abcdefghijklmnop1}
    association_arn: {description: The association's ARN., type: str,
      sample: arn:aws:eks:eu-west-1:123456789012:podidentityassociation/flask-prod/a-abcdefghijklmnop1}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: [give flask/flask-app the role arn:aws:iam::123456789012:role/my-app-eks-pod-role]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.eks.api import EksApi
from ansible_collections.flaskops.eks.plugins.module_utils.eks.pod_identity_association.plan import WantedAssociation
from ansible_collections.flaskops.eks.plugins.module_utils.eks.pod_identity_association.resource import (
    PodIdentityAssociation,
)


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "cluster_name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "service_account": {"type": "str", "required": True},
        "role_arn": {"type": "str"},
        **resource_options(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, PodIdentityAssociation(EksApi.connect(module), WantedAssociation.from_params(module.params)))


if __name__ == "__main__":
    main()
