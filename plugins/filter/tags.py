# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of tags: what among described things belongs to somebody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import (
    IDENTITY_TAGS,
    identity_of,
    listed_tags,
    same_identity,
)


def tagged_with(items: Iterable[Mapping[str, Any]], tags: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The items that carry all of these tags, which selectattr cannot tell: it takes a dot in a key for a path."""
    return [item for item in items if all((item.get("tags") or {}).get(key) == value for key, value in tags.items())]


def whole_identity(tags: Mapping[str, str]) -> dict[str, str]:
    """The identity tags among these, for what is found by nothing else: by fewer, somebody else's would be found too.

    Raises:
        AnsibleFilterError: One is missing or empty.
    """
    missing = [key for key in IDENTITY_TAGS if not tags.get(key)]
    if missing:
        raise AnsibleFilterError(
            f"the tags ({listed_tags(tags)}) do not say whose the objects are: add {', '.join(missing)}, "
            "as flaskops_tags of the inventories does."
        )
    return identity_of(tags)


def tag_filters(tags: Mapping[str, str]) -> dict[str, str]:
    """Filters for EC2's describe calls that find what carries the identity tags among these.

    Raises:
        AnsibleFilterError: One of them is missing.
    """
    return {f"tag:{key}": value for key, value in whole_identity(tags).items()}


def foreign(items: Iterable[Mapping[str, Any] | None], own: Mapping[str, str], kind: str, name: str) -> list[str]:
    """Refuse what is found by its name only and is somebody else's by its tags.

    Modules of ours refuse by the same identity tags; what has no tag at all they adopt when it shall be present, and
    refuse when it shall go. Here it is always refused: AWS gives these kinds their tags in the call that creates them,
    so nothing of ours is ever without.

    Args:
        items: Described things with their tags as a mapping under `tags`; empty ones stand for nothing found.
        own: The tags that the role sets. Without an identity tag among them nothing is refused.
        kind: What they are, for the message.
        name: The key under which each has its name.

    Returns:
        One sentence for each that is somebody else's: its name, the tags it has, what to do.
    """
    wanted = identity_of(own)
    return [
        f"{kind} {item[name]} exists, and its tags ({listed_tags(item.get('tags'))}) say that it is not this "
        f"environment's own: choose another name, or set {listed_tags(wanted)} on it if it shall be managed here."
        for item in items
        if item and not same_identity(wanted, item.get("tags"))
    ]


class FilterModule:
    """Filters of tags."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {"foreign": foreign, "tag_filters": tag_filters, "tagged_with": tagged_with}
