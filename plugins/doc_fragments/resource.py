# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every AWS module of the collection promises, and the options that all of them have."""

from __future__ import annotations


class ModuleDocFragment:
    """See https://docs.ansible.com/ansible/latest/dev_guide/developing_modules_documenting.html#documentation-fragments."""

    DOCUMENTATION = r"""
options:
  state:
    description: Whether the object should exist.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description:
      - The tags of the object. When not mentioned, tags are left as they are.
      - V(flaskops:project), V(flaskops:environment), V(flaskops:component) and V(flaskops:managed-by) are the ones by
        which the collection knows its own objects. When they are given, an object of the wanted name that has other
        values is refused. One without any tag is adopted by O(state=present) and refused by O(state=absent). Access
        entries and pod identity associations are not refused, because there can be only one of each.
    type: dict
  purge_tags:
    description:
      - Whether tags that O(tags) does not list are removed. Those of AWS itself (V(aws:)) stay.
    type: bool
    default: true
attributes:
  check_mode:
    description: Predicts the actions and the result without changing anything.
    support: full
  diff_mode:
    description: Returns the managed options before and after.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""
