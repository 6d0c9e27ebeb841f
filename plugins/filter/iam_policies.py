# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of IAM policies: documents within IAM's size limit, and the names of the policies of one role."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

LARGEST_DOCUMENT = 6144
"""Characters of a managed policy, white space not counted.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
MOST_POLICIES = 10
"""Managed policies that can be attached to one role by default."""

Statement = Mapping[str, Any]


def policy_documents(statements: Sequence[Statement], name: str) -> list[dict[str, Any]]:
    """Split statements into as few policies as IAM's size limit allows.

    Args:
        statements: The statements.
        name: Name of the first policy; the others are called `<name>-2`, `<name>-3` and so on.

    Returns:
        One mapping with `name` and `document` for each policy; none without statements.

    Raises:
        AnsibleFilterError: One statement alone is too large, or a role could not have that many policies.
    """
    groups = _groups(list(statements), name)
    if len(groups) > MOST_POLICIES:
        raise AnsibleFilterError(
            f"IAM policy {name}: its statements need {len(groups)} policies and a role can have {MOST_POLICIES}; "
            "name fewer resources, or use a prefix with a wildcard"
        )
    return [
        {"name": policy_name(name, number), "document": _document(group)}
        for number, group in enumerate(groups, start=1)
    ]


def policy_name(name: str, number: int) -> str:
    """Name of the policy of that number, from 1 on."""
    return name if number == 1 else f"{name}-{number}"


def policy_names(attached: Iterable[Mapping[str, Any]], name: str, at_least: int) -> list[str]:
    """Names of the policies that a role of that name may have from us.

    Args:
        attached: The managed policies of the role as IAM describes them, with `policy_name`.
        name: Name of the role and of its first policy.
        at_least: How many names to return even if fewer are attached: an interrupted run attached none.
    """
    ours = re.compile(re.escape(name) + r"(-([2-9]|10))?")
    found = {str(item["policy_name"]) for item in attached}
    wanted = {policy_name(name, number) for number in range(1, at_least + 1)}
    return sorted(wanted | {item for item in found if ours.fullmatch(item)}, key=lambda item: (len(item), item))


def _groups(statements: list[Statement], name: str) -> list[list[Statement]]:
    """The statements in as few groups as fit, each group in the given order."""
    if not statements:
        return []
    room = LARGEST_DOCUMENT - _size(_document([]))
    # A comma stands between two statements; counting one for each keeps the last document a character too small.
    sizes = [_size(statement) + 1 for statement in statements]
    for statement, size in zip(statements, sizes, strict=True):
        if size > room:
            raise AnsibleFilterError(
                f"IAM policy {name}: its statement {statement.get('Sid', '')} has {size - 1} characters and a policy "
                f"takes {room - 1}; name fewer resources in it, or split it"
            )
    if sum(sizes) <= room:
        return [statements]
    order = sorted(range(len(sizes)), key=lambda index: -sizes[index])
    count = -(-sum(sizes) // room)
    while (placed := _place(order, sizes, [room] * count)) is None:
        count += 1
    # The group of the first statement comes first, so that names stay with their contents.
    first_seen = list(dict.fromkeys(placed[index] for index in range(len(sizes))))
    return [[statements[i] for i in range(len(sizes)) if placed[i] == group] for group in first_seen]


def _place(order: list[int], sizes: list[int], rooms: list[int]) -> dict[int, int] | None:
    """First-fit decreasing: the group of each statement, or None if they need more groups."""
    placed = {}
    for index in order:
        group = next((number for number, room in enumerate(rooms) if room >= sizes[index]), None)
        if group is None:
            return None
        rooms[group] -= sizes[index]
        placed[index] = group
    return placed


def _document(statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def _size(value: Any) -> int:
    """Characters as IAM counts them: without any white space, also inside texts."""
    return len(re.sub(r"\s", "", json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=dict)))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"policy_documents": policy_documents, "policy_names": policy_names}
