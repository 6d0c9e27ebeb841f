#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; the work is done there, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: manifests
short_description: Apply or delete a list of Kubernetes objects in one task
version_added: 1.0.0
description:
  - Applies all objects of a list by server-side apply, with the field manager V(flaskops), through
    M(kubernetes.core.k8s) run in process. One task for a whole application, never one task an object.
  - A change is what the apply itself changed. Status, versions and annotations that controllers write meanwhile do not
    count.
  - In check mode a server-side dry run reports what would change. Objects whose namespace or kind does not exist
    yet are planned as created. With a O(host) that is not known yet, V((known after apply)), everything is planned as
    created without an API.
author:
  - flaskops.eks contributors
options:
  resources:
    description:
      - Kubernetes objects, as a list of dictionaries or of YAML texts, or one text of several documents.
      - They are applied in this order and deleted in the reverse order.
      - An object is deleted together with what it owns, such as the pods of a Job.
    type: raw
    required: true
  state:
    description: State of the objects.
    type: str
    choices: [present, absent]
    default: present
  namespace:
    description: Namespace of namespaced objects that name none.
    type: str
  force_conflicts:
    description:
      - Take over fields that another field manager owns, so that a drifted object becomes what the manifest says.
      - Fields that the manifest does not name, such as the replicas that an autoscaler sets, are never touched.
    type: bool
    default: true
  field_manager:
    description: Owner of the applied fields. Fields that only this manager owns and no longer applies are removed.
    type: str
    default: flaskops
  keep:
    description: With O(state=absent), delete nothing, warn, and list the objects in the plan as V(!).
    type: bool
    default: false
  report_failures:
    description: Return the objects that the API server refused in RV(failures) instead of failing.
    type: bool
    default: false
  wait:
    description:
      - Wait for each object as M(kubernetes.core.k8s) does. Of several objects all are deleted before the wait.
      - Rollouts are better waited for by M(flaskops.eks.rollout).
    type: bool
    default: false
  wait_timeout:
    description: How long to wait for one object, in seconds.
    type: int
    default: 120
  host:
    description: URL of the Kubernetes API.
    type: str
    required: true
  ca_cert:
    description: CA certificate file of the Kubernetes API.
    type: str
  api_key:
    description: Bearer token.
    type: str
requirements:
  - kubernetes.core and the Python library kubernetes on the controller
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change.
  diff_mode:
    support: full
    description: Shows what would change or has changed, the values of Secrets hidden.
  idempotent:
    support: full
    description: A second run changes nothing.
"""

EXAMPLES = r"""
- name: Namespace and configuration
  flaskops.eks.manifests:
    resources:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: flask
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: flask-config
          namespace: flask
        data:
          LOG_LEVEL: info
  module_defaults:
    group/flaskops.eks.k8s: "{{ lookup('flaskops.eks.cluster_auth', 'flask-prod', region='eu-west-1') }}"

- name: Rendered from a template of several documents
  flaskops.eks.manifests:
    resources: "{{ lookup('ansible.builtin.template', 'application.yml.j2') }}"
    namespace: flask
    host: https://203.0.113.7:6443
    ca_cert: /etc/ssl/cluster.crt
    api_key: "{{ token }}"
"""

RETURN = r"""
failures:
  description: The objects that the API server refused, each with the reason.
  returned: always
  type: list
  elements: dict
  sample: [{"kind": "Deployment", "name": "api-a", "namespace": "flask", "message": "spec.replicas: Invalid value"}]
resources:
  description: One entry an object, in the order in which they were applied or deleted.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: The object's kind.
      type: str
      returned: always
    name:
      description: The object's name.
      type: str
      returned: always
    namespace:
      description: The object's namespace.
      type: str
      returned: when it has one
    action:
      description: What was done, or would be done in check mode, V(create), V(update), V(delete), V(kept) or V(none).
      type: str
      returned: always
    diff:
      description: What differs, before and after, the values of Secrets hidden.
      type: dict
      returned: when it changes
    reason:
      description: Why it is planned so, or why it was refused.
      type: str
      returned: when there is one
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Refuse to run: only the action plugin knows how."""
    AnsibleModule(argument_spec={}).fail_json(
        msg="flaskops.eks.manifests is an action plugin and runs on the controller only."
    )


if __name__ == "__main__":
    main()
