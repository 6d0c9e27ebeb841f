"""The work itself: small, but real, and willing to stop half-way."""

from __future__ import annotations

import hashlib
import time
import typing as t


class Abandoned(Exception):
    """The work was not finished, because the process has to go."""


def work(title: str, extra_seconds: float, abandoned: t.Callable[[], bool]) -> dict[str, t.Any]:
    """Count the title's words and hash it. Raises Abandoned when `abandoned()` becomes true before the end.

    `extra_seconds` makes it last longer (the fault `work`).
    """
    end = time.monotonic() + extra_seconds
    while time.monotonic() < end:
        if abandoned():
            raise Abandoned
        time.sleep(0.05)
    return {
        "words": len(title.split()),
        "characters": len(title),
        "sha256": hashlib.sha256(title.encode()).hexdigest(),
    }
