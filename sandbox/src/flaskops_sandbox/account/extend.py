"""Changing moto in process, and taking every change back.

moto keeps its backends in module globals, so a change would leak into whatever else runs in the process
(the tests do): each change is remembered and undone when the account stops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_MISSING = object()


class Extensions:
    """Replacements made on moto's classes and modules, newest undone first."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Set `owner.name` to `make(original)`; the original is None when there was none."""
        original = vars(owner).get(name, _MISSING)
        self._undo.append((owner, name, original))
        setattr(owner, name, make(None if original is _MISSING else original))

    def undo(self) -> None:
        """Put everything back as it was."""
        while self._undo:
            owner, name, original = self._undo.pop()
            if original is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
