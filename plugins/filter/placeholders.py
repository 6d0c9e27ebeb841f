# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for values that only AWS can tell and that a check run does not know yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


def or_unknown(value: Any) -> Any:
    """Return the value, or the placeholder of the plan for an empty one."""
    return UNKNOWN if value is None or value == "" else value


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by their names."""
        return {"or_unknown": or_unknown}
