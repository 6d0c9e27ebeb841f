# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every AWS module of the collection promises."""

from __future__ import annotations


class ModuleDocFragment:
    """See https://docs.ansible.com/ansible/latest/dev_guide/developing_modules_documenting.html#documentation-fragments."""

    DOCUMENTATION = r"""
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
