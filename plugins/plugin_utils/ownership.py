# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which owner the tags of an object name."""

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
from ansible_collections.flaskops.eks.plugins.plugin_utils.records import record


def tagged_with(items: Iterable[Mapping[str, Any]], tags: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The items that carry all of these tags. selectattr cannot do this: it reads a dot in a key as a path."""
    return [item for item in items if all((item.get("tags") or {}).get(key) == value for key, value in tags.items())]


def whole_identity(tags: Mapping[str, str]) -> dict[str, str]:
    """The identity tags among these, for objects that are found by their tags only.

    All four are needed: fewer tags would also find objects of other owners.

    Raises:
        AnsibleFilterError: One is missing or empty.
    """
    missing = [key for key in IDENTITY_TAGS if not tags.get(key)]
    if missing:
        raise AnsibleFilterError(
            f"the tags ({listed_tags(tags)}) do not identify the owner of the objects: add {', '.join(missing)}, "
            "as flaskops_tags of the inventories does."
        )
    return identity_of(tags)


def foreign(items: Iterable[Mapping[str, Any] | None], own: Mapping[str, str], kind: str, name: str) -> list[str]:
    """Name the objects that have a name of ours and belong to another owner by their tags.

    Our modules compare the same identity tags. They adopt an object without any tag when it shall be present, and
    refuse to remove it. Here it is always refused: AWS sets the tags of these kinds in the call that creates them, so
    an object of ours always has tags.

    Args:
        items: Descriptions with their tags as a mapping under `tags`; an empty one means that no object was found.
        own: The tags that the role sets. Without an identity tag among them no object is refused.
        kind: What they are, for the message.
        name: The key under which each has its name.

    Returns:
        One sentence for each object of another owner: its name, its tags, what to do.
    """
    wanted = identity_of(own)
    return [
        f"{kind} {item[name]} exists, and its tags ({listed_tags(item.get('tags'))}) say that it is not this "
        f"environment's own: choose another name, or set {listed_tags(wanted)} on it if it shall be managed here."
        for item in items
        if item and not same_identity(wanted, item.get("tags"))
    ]


def foreign_objects(found: Mapping[str, Mapping[str, Any]], own: Mapping[str, str]) -> list[str]:
    """Name the objects that have a name of ours and belong to another owner by their tags.

    An object without any tag belongs to another owner: AWS sets the tags of these kinds in the call that creates them,
    so no object of ours is ever without.

    Args:
        found: What the info twin of each module registered, by the full name of the module that manages the objects:
            `{'amazon.aws.iam_role': registered_result}`. The result of a loop and of a skipped task are accepted.
        own: The tags that the role sets. Without an identity tag among them no object is refused.

    Returns:
        One sentence for each object: its name, its tags, what to do.

    Raises:
        AnsibleFilterError: A module has no info twin that returns tags.
    """
    wanted = identity_of(own)
    sentences = []
    for module, result in found.items():
        info = record(module).info
        if info is None or not info.tags:
            raise AnsibleFilterError(
                f"{module}: its record names no info module that returns tags; add it in plugins/plugin_utils/records."
            )
        for item in info.objects(result):
            tags = item.get(info.tags, {})
            # AWS does not return the tags of some objects while they change. The module that changes them checks again.
            if tags is not None and not same_identity(wanted, tags):
                sentences.append(
                    f"{record(module).kind} {item[info.name]} exists, and its tags ({listed_tags(tags)}) say that it "
                    f"is not this environment's own: choose another name, or set {listed_tags(wanted)} on it if it "
                    "shall be managed here."
                )
    return sentences
