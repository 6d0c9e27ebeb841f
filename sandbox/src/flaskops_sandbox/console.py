"""Progress output: the current step, its elapsed time and its usual duration."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_SECONDS = 15.0


def say(text: str) -> None:
    """Print a line and flush it, also to a pipe."""
    print(text, flush=True)


def duration(seconds: float) -> str:
    """75 -> '1m15s'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


@contextmanager
def step(title: str, usual_seconds: float) -> Iterator[None]:
    """Print the start of a step, its progress and its duration.

    `usual_seconds` is the duration on two cores; it is an estimate, not a limit.
    """
    started = time.monotonic()
    ended = threading.Event()
    say(f"    {title} (usually {duration(usual_seconds)})")

    def tick() -> None:
        while not ended.wait(TICK_SECONDS):
            say(f"      … {duration(time.monotonic() - started)} of usually {duration(usual_seconds)}")

    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
    finally:
        ended.set()
        ticker.join()
    say(f"      done in {duration(time.monotonic() - started)}")


def complain(text: str) -> None:
    """Print an error line to standard error."""
    print(text, file=sys.stderr, flush=True)
