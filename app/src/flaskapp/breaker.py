"""A circuit breaker: stop calling a failing dependency for a while, so that it does not block every thread."""

from __future__ import annotations

import threading
import time
import typing as t
from types import TracebackType


class BreakerOpen(Exception):
    """The breaker is open and the call was not made. `retry_after` is in seconds."""

    def __init__(self, name: str, retry_after: float) -> None:
        super().__init__(f"{name} failed repeatedly; next try in {retry_after:.1f} s")
        self.name = name
        self.retry_after = retry_after


class Breaker:
    """Use as a context manager around a call: `with breaker: call()`.

    After `threshold` consecutive failures (exceptions in `failures`), calls raise BreakerOpen for `pause` seconds.
    Then one trial call is made; its result closes the breaker or opens it again.
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
            # This caller makes the trial call; others are rejected until it returns.
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
