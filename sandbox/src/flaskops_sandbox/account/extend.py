"""Patch moto in process, and undo all patches.

moto keeps its backends in module globals, so patches would affect other code in the process, such as tests. They are
undone when the account stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MISSING = object()


class Extensions:
    """Patches of moto's classes and modules, undone in reverse order."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Set `owner.name` to `make(original)`. The original is None if it does not exist."""
        original = vars(owner).get(name, _MISSING)
        self._undo.append((owner, name, original))
        setattr(owner, name, make(None if original is _MISSING else original))

    def undo(self) -> None:
        """Undo all patches."""
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
