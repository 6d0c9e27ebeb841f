"""What a person sees while something slow happens: which step, how long so far, how long it usually takes."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_SECONDS = 15.0


def say(text: str) -> None:
    """One line to the person, at once even through a pipe."""
    print(text, flush=True)


def duration(seconds: float) -> str:
    """75 -> '1m15s'."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


@contextmanager
def step(title: str, usual_seconds: float) -> Iterator[None]:
    """Announce a step, keep saying that it is alive, and say what it took.

    `usual_seconds` is what the step took on two cores; it is an estimate for people, never a limit.
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
    """One line of an error, on standard error."""
    print(text, file=sys.stderr, flush=True)
