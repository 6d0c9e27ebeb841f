#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; the work is done there, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: helm_release
short_description: Install, upgrade or remove a Helm release
version_added: 1.0.0
description:
  - Runs M(kubernetes.core.helm) in process, with the connection options of this collection's Kubernetes group.
  - A release that is still pending after an interrupted run is recovered. Helm's record of the unfinished
    revision is removed and the operation is done again; what that revision had created stays and is adopted.
  - In check mode it reports whether the release would be created, changed or removed. With a O(host) that is not known
    yet, V((known after apply)), it is planned as created without an API.
author:
  - flaskops.eks contributors
options:
  name:
    description: Name of the release.
    type: str
    required: true
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  chart_ref:
    description:
      - The chart, as a path, an C(oci://) URL, or a name inside O(chart_repo_url).
      - Required unless O(state=absent).
    type: str
  chart_repo_url:
    description: URL of the chart repository.
    type: str
  chart_version:
    description: Version of the chart.
    type: str
  create_namespace:
    description: Create the namespace if it does not exist.
    type: bool
    default: false
  values:
    description: Values of the chart.
    type: dict
    default: {}
  wait:
    description: Wait until all objects of the release are ready, or deleted.
    type: bool
    default: true
  timeout:
    description: Timeout of a single Helm operation in seconds.
    type: int
    default: 300
  state:
    description: State of the release.
    type: str
    choices: [present, absent]
    default: present
  binary_path:
    description: Path of the helm program, when it is not on PATH.
    type: str
  host:
    description: URL of the Kubernetes API.
    type: str
    required: true
  ca_cert:
    description: CA certificate file of the Kubernetes API.
    type: str
  api_key:
    description: Bearer token. Passed to Helm in its environment, never on the command line.
    type: str
requirements:
  - helm 3.10 or newer
  - kubernetes.core
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change.
  diff_mode:
    support: partial
    description: Shows chart, version and values before and after, not the objects.
  idempotent:
    support: full
    description: A second run changes nothing.
"""

EXAMPLES = r"""
- name: Metrics server
  flaskops.eks.helm_release:
    name: metrics-server
    namespace: kube-system
    chart_ref: metrics-server
    chart_repo_url: https://kubernetes-sigs.github.io/metrics-server
    chart_version: 3.13.0
    values:
      replicas: 2
  module_defaults:
    group/flaskops.eks.k8s: "{{ lookup('flaskops.eks.cluster_auth', 'flask-prod', region='eu-west-1') }}"
"""

RETURN = r"""
resources:
  description: One entry, the release.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(HelmRelease).
      type: str
      returned: always
    name:
      description: Name of the release.
      type: str
      returned: always
    namespace:
      description: Namespace of the release.
      type: str
      returned: always
    action:
      description: What was done, or would be done in check mode, V(create), V(update), V(delete) or V(none).
      type: str
      returned: always
    diff:
      description: Chart, version and values, before and after. The values before are known in check mode only.
      type: dict
      returned: when it changes
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Refuse to run: only the action plugin knows how."""
    AnsibleModule(argument_spec={}).fail_json(
        msg="flaskops.eks.helm_release is an action plugin and runs on the controller only."
    )


if __name__ == "__main__":
    main()
