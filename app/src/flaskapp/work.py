"""The work of a task: small, real and interruptible."""

from __future__ import annotations

import hashlib
import time
import typing as t


class Abandoned(Exception):
    """The work was interrupted because the process is stopping."""


def work(title: str, extra_seconds: float, abandoned: t.Callable[[], bool]) -> dict[str, t.Any]:
    """Count the words of the title and hash it. Raises Abandoned when `abandoned()` becomes true before the end.

    `extra_seconds` prolongs the work (the fault `work`).
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
