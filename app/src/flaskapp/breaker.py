"""A circuit breaker: a dependency that keeps failing is left alone for a moment, instead of holding every thread."""

from __future__ import annotations

import threading
import time
import typing as t
from types import TracebackType


class BreakerOpen(Exception):
    """The dependency failed too often just now and is not asked. `retry_after` is in seconds."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"{name} failed repeatedly; next try in {retry_after:.1f} s")
        self.name = name
        self.retry_after = retry_after


class Breaker:
    """Use as a context manager around a call: `with breaker: call()`.

    After `threshold` failures in a row (exceptions of `failures`) calls are refused with BreakerOpen for `pause`
    seconds; then one call is let through, whose outcome closes the breaker or opens it again.
    """

    def __init__(
        self,
        name: str,
        failures: tuple[type[BaseException], ...],
        threshold: int = 5,
        pause: float = 5.0,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._failures = failures
        self._threshold = threshold
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._next_try_at = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if self._failed < self._threshold:
                return
            now = self._clock()
            if now < self._next_try_at:
                raise BreakerOpen(self.name, self._next_try_at - now)
            # This caller is the trial; the others keep being refused until it has an answer.
            self._next_try_at = now + self._pause

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            if kind is not None and issubclass(kind, self._failures):
                self._failed += 1
                self._next_try_at = self._clock() + self._pause
            else:
                self._failed = 0
