# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory lists with an optional `state` in each entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def in_state(entries: Iterable[Mapping[str, Any]], state: str) -> list[Mapping[str, Any]]:
    """The entries of that state; one without a `state` is `present`."""
    return [entry for entry in entries if entry.get("state", "present") == state]
