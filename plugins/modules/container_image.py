#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of the action plugin of the same name; the work is done there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_image
short_description: Build a container image and push it
version_added: 1.0.0
description:
  - Logs podman in to the image's registry, builds the image with M(containers.podman.podman_image), and pushes it.
  - It always builds and pushes. Check first whether the registry has the tag.
  - The password is passed to podman on standard input. The login is stored in a temporary directory with mode 0700.
  - In check mode nothing is built, and the image is planned as created.
author:
  - flaskops.eks contributors
options:
  name:
    description: The repository with its registry, without a tag.
    type: str
    required: true
  tag:
    description: The tag.
    type: str
    required: true
  path:
    description: Build context directory.
    type: path
    required: true
  containerfile:
    description: Name of the Containerfile inside of O(path).
    type: str
    default: Containerfile
  flags:
    description: Additional flags of C(podman build), one word each.
    type: list
    elements: str
    default: []
  username:
    description: User of the registry.
    type: str
    required: true
  password:
    description: Password of the registry.
    type: str
    required: true
  cert_dir:
    description: Certificate directory of podman for the registry. The default is podman's own.
    type: path
requirements:
  - podman
  - containers.podman
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tell what would change.
  diff_mode:
    support: none
    description: There is nothing to compare with.
  idempotent:
    support: none
    description: It builds and pushes whenever it runs.
"""

EXAMPLES = r"""
- name: Build and push the image
  flaskops.eks.container_image:
    name: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/flask-prod/app
    tag: 1.4.2
    path: app
    username: "{{ token.username }}"
    password: "{{ token.password }}"
  vars:
    token: "{{ lookup('flaskops.eks.ecr_token', region='eu-west-1') }}"
"""

RETURN = r"""
resources:
  description: One entry, the image.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(image).
      type: str
      returned: always
    name:
      description: Repository and tag.
      type: str
      returned: always
    action:
      description: V(create).
      type: str
      returned: always
    diff:
      description: What it is built from.
      type: dict
      returned: always
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Refuse to run: only the action plugin knows how."""
    AnsibleModule(argument_spec={}).fail_json(msg="flaskops.eks.container_image is an action plugin.")


if __name__ == "__main__":
    main()
