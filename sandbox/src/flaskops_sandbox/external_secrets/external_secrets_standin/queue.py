"""A queue of things to look at: each at most once at a time, later if wanted, with backoff after failures."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0


class Key(NamedTuple):
    kind: str
    namespace: str
    name: str


class Queue:
    """The earliest wanted time of a key counts; a key that is being worked on waits until that is done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._busy: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._changed = threading.Condition()

    def add(self, key: Key, after: float = 0.0) -> None:
        with self._changed:
            due = self._clock() + after
            if due < self._due.get(key, float("inf")):
                self._due[key] = due
                heapq.heappush(self._heap, (due, key))
                self._changed.notify()

    def take(self, timeout: float | None = None) -> Key | None:
        """The next key that is due. None when none became due within `timeout` seconds."""
        end = None if timeout is None else self._clock() + timeout
        with self._changed:
            while True:
                now = self._clock()
                key, wait = self._next(now)
                if key is not None:
                    return key
                if end is not None and now >= end:
                    return None
                limits = [limit for limit in (wait, None if end is None else end - now) if limit is not None]
                self._changed.wait(min(limits) if limits else None)

    def _next(self, now: float) -> tuple[Key | None, float | None]:
        blocked: list[tuple[float, Key]] = []
        chosen: Key | None = None
        wait: float | None = None
        while self._heap:
            due, key = self._heap[0]
            if self._due.get(key) != due:  # an earlier time for the same key was added since
                heapq.heappop(self._heap)
            elif due > now:
                wait = due - now
                break
            elif key in self._busy:
                blocked.append(heapq.heappop(self._heap))
            else:
                heapq.heappop(self._heap)
                del self._due[key]
                self._busy.add(key)
                chosen = key
                break
        for item in blocked:
            heapq.heappush(self._heap, item)
        return chosen, wait

    def done(self, key: Key, failed: bool = False) -> float | None:
        """End work on a key. After a failure it comes back by itself: 1 s, 2 s, 4 s ... 60 s. Returns that delay."""
        with self._changed:
            self._busy.discard(key)
            self._changed.notify()
            failures = self._failures.get(key, 0)
            if not failed:
                self._failures.pop(key, None)
                return None
            self._failures[key] = failures + 1
        delay = min(LONGEST_RETRY, FIRST_RETRY * float(2**failures))
        self.add(key, delay)
        return delay
