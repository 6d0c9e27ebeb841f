# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of inventory lists whose entries may carry `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


def in_state(entries: Iterable[Mapping[str, Any]], state: str) -> list[Mapping[str, Any]]:
    """The entries of that state; one without a `state` is `present`."""
    return [entry for entry in entries if entry.get("state", "present") == state]


def leaving(entries: Iterable[Mapping[str, Any]], *keys: str) -> list[Mapping[str, Any]]:
    """The absent entries whose object no present entry names: what only moved to another entry is still wanted.

    Args:
        entries: Entries of a list, present and absent ones.
        keys: What names the object, for example `role_name`, or `namespace` and `service_account`.

    Returns:
        One entry an object, in the list's order.
    """
    entries = list(entries)
    named = {tuple(entry[key] for key in keys) for entry in in_state(entries, "present")}
    going: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for entry in in_state(entries, "absent"):
        name = tuple(entry[key] for key in keys)
        if name not in named:
            going.setdefault(name, entry)
    return list(going.values())


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"in_state": in_state, "leaving": leaving}
