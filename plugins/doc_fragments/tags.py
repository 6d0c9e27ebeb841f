# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options `tags` and `purge_tags`."""

from __future__ import annotations


class ModuleDocFragment:
    """See https://docs.ansible.com/ansible/latest/dev_guide/developing_modules_documenting.html#documentation-fragments."""

    DOCUMENTATION = r"""
options:
  tags:
    description:
      - The tags of the object. When not mentioned, tags are left as they are.
      - V(flaskops:environment), V(flaskops:component) and V(flaskops:managed-by) are the ones by which the collection
        knows its own objects.
    type: dict
  purge_tags:
    description:
      - Whether tags that O(tags) does not list are removed. Those of AWS itself (V(aws:)) stay.
    type: bool
    default: true
"""
