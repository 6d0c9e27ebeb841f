# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of tags: which described objects belong to which owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.ownership import (
    foreign,
    foreign_objects,
    tagged_with,
    whole_identity,
)


def tag_filters(tags: Mapping[str, str]) -> dict[str, str]:
    """Return filters for EC2 describe calls that select resources with the identity tags in `tags`.

    Raises:
        AnsibleFilterError: An identity tag is missing.
    """
    return {f"tag:{key}": value for key, value in whole_identity(tags).items()}


class FilterModule:
    """Filters of tags."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "foreign": foreign,
            "foreign_objects": foreign_objects,
            "tag_filters": tag_filters,
            "tagged_with": tagged_with,
        }
