"""Filters of tags: what among described things belongs to somebody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def with_tag(items: Sequence[Mapping[str, Any]], key: str, value: str) -> list[Mapping[str, Any]]:
    """Keep what carries a tag.

    Args:
        items: Described things with their tags as a mapping under `tags`.
        key: The tag's key. It may hold dots and slashes, which selectattr would take for a path.
        value: The tag's value.

    Returns:
        The things that carry the tag, in their order.
    """
    return [item for item in items if (item.get("tags") or {}).get(key) == value]


class FilterModule:
    """Filters of tags."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {"with_tag": with_tag}
