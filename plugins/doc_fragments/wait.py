# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option `wait` of modules that start asynchronous operations. Each documents its own wait_timeout."""

from __future__ import annotations


class ModuleDocFragment:
    """See https://docs.ansible.com/ansible/latest/dev_guide/developing_modules_documenting.html#documentation-fragments."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until the operation has ended, also if an earlier run started it.
      - With V(false) the task starts the operation and returns. If AWS rejects it while another operation is in
        progress, the task still waits for that operation.
      - Check mode never waits.
    type: bool
    default: true
"""
