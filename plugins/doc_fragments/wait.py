# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option `wait` of modules whose work goes on in AWS after the call. Each documents its own wait_timeout."""

from __future__ import annotations


class ModuleDocFragment:
    """See https://docs.ansible.com/ansible/latest/dev_guide/developing_modules_documenting.html#documentation-fragments."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until what was started has ended, also when an earlier run started it.
      - With V(false) the task starts the work and returns. A change that AWS refuses while another one is running waits
        for that one all the same.
      - In check mode nothing is waited for.
    type: bool
    default: true
"""
