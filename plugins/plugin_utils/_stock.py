# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-core's own ``normal`` action.

A plugin of that name from ``action_plugins`` is loaded as ``ansible.plugins.action.normal`` and so hides the original
from an import by that name; this loads the original by its file.
"""

from __future__ import annotations

import importlib.util
import typing as t
from pathlib import Path

from ansible.plugins import action


def _stock_normal() -> t.Any:
    path = Path(str(action.__file__)).with_name("normal.py")
    spec = importlib.util.spec_from_file_location("ansible_core_normal_action", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"ansible-core has no {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ActionModule


NormalAction: t.Any = _stock_normal()
