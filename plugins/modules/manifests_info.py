#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List Kubernetes objects of several kinds in one task."""

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests_info
short_description: List the Kubernetes objects of several kinds in one task
version_added: 1.0.0
description:
  - Lists the objects of every given kind in one namespace, with one connection to the API.
  - A kind that the cluster does not know, such as that of a custom resource definition which is not installed, has no
    objects.
options:
  namespace:
    description: Namespace of the objects.
    type: str
    required: true
  kinds:
    description: The kinds to list.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description: API version, for example V(apps/v1).
        type: str
        required: true
      kind:
        description: Kind.
        type: str
        required: true
  label_selectors:
    description: Only objects that match all of these are listed.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
notes:
  - In check mode with a O(host) that is not known yet (C((known after apply))) nothing is asked, and nothing is found.
author:
  - flaskops.eks contributors
"""

EXAMPLES = r"""
- name: List what the collection manages in a namespace
  flaskops.eks.manifests_info:
    namespace: flask
    kinds:
      - {api_version: apps/v1, kind: Deployment}
      - {api_version: v1, kind: Service}
    label_selectors: [app.kubernetes.io/managed-by=flaskops.eks]
  register: found
"""

RETURN = r"""
planned:
  description:
    - Whether nothing was asked because the cluster does not exist yet (check mode).
    - A check run takes the sample as the value where the connection itself is not known yet.
  returned: always
  type: bool
  sample: true
resources:
  description: The objects as the API server has them, in the order of O(kinds).
  returned: always
  type: list
  elements: dict
  sample: [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api-a", "namespace": "flask"}}]
"""

from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown
from ansible_collections.kubernetes.core.plugins.module_utils.ansiblemodule import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException

try:
    from kubernetes.client.exceptions import ApiException
    from kubernetes.dynamic.exceptions import ResourceNotFoundError
    from urllib3.exceptions import HTTPError
except ImportError:  # reported by AnsibleK8SModule
    ApiException = HTTPError = ResourceNotFoundError = Exception  # type: ignore[assignment,misc]


def argument_spec() -> dict[str, Any]:
    """kubernetes.core's authentication options and ours."""
    return {
        **AUTH_ARG_SPEC,
        "namespace": {"type": "str", "required": True},
        "kinds": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "api_version": {"type": "str", "required": True},
                "kind": {"type": "str", "required": True},
            },
        },
        "label_selectors": {"type": "list", "elements": "str", "default": []},
    }


def list_objects(client: Any, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Every object of the wanted kinds, with kind and API version, which the items of a list do not carry."""
    found: list[dict[str, Any]] = []
    for wanted in params["kinds"]:
        try:
            resource = client.resource(wanted["kind"], wanted["api_version"])
            answer = client.get(
                resource, namespace=params["namespace"], label_selector=",".join(params["label_selectors"])
            ).to_dict()
        except ResourceNotFoundError:
            continue
        except ApiException as error:
            if error.status == 404:
                continue
            raise
        names = {"apiVersion": wanted["api_version"], "kind": wanted["kind"]}
        found.extend({**item, **names} for item in answer.get("items") or [])
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleK8SModule(module_class=AnsibleModule, argument_spec=argument_spec(), supports_check_mode=True)
    if module.check_mode and is_unknown(module.params.get("host")):
        module.exit_json(changed=False, planned=True, resources=[])
    try:
        found = list_objects(get_api_client(module), module.params)
    except (CoreException, ApiException, HTTPError) as error:
        namespace = module.params["namespace"]
        module.fail_json(msg=f"the Kubernetes API did not list the objects of namespace {namespace}: {error}")
    module.exit_json(changed=False, planned=False, resources=found)


if __name__ == "__main__":
    main()
