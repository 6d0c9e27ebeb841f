# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action of every module of this collection that has no action of its own (``plugin_routing`` in meta/runtime.yml).

It runs the module in process, also where the repository's ansible.cfg is not in force.
"""

from __future__ import annotations

from ansible_collections.flaskops.eks.plugins.plugin_utils._action import InProcess
from ansible_collections.flaskops.eks.plugins.plugin_utils._stock import NormalAction


class ActionModule(InProcess, NormalAction):
    """``normal``, with the module run in process and a plan in check mode."""
