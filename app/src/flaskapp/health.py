"""The state behind the probes. Checks run in their own thread, so a probe never waits for a hanging dependency.

- /healthz ignores dependencies, because a restart does not repair a database.
- /ready waits for each dependency once (latch). Otherwise a short outage of a shared database would remove every pod
  from the load balancer at the same time.
- /startup requires the schema of this version or a newer one. Migrations only expand, so the previous version still
  starts after a migration and can be rolled back to.
- /status is 200 while the process serves and 503 while it drains, regardless of the dependencies.
"""

from __future__ import annotations

import logging
import threading
import time
import typing as t
from dataclasses import dataclass

from flaskapp.metrics import Metrics

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between checks when everything has latched
FIRST_INTERVAL = 0.5  # seconds between checks until then


class SchemaBehind(Exception):
    """The database does not have the schema that this version needs (yet)."""


@dataclass(frozen=True)
class Result:
    """The outcome of the last check. `checked_at`: time.monotonic()."""

    state: str
    latency_ms: float | None = None
    error: str | None = None
    checked_at: float | None = None

    def as_json(self, now: float) -> dict[str, t.Any]:
        age = None if self.checked_at is None else round(now - self.checked_at, 1)
        return {"state": self.state, "latency_ms": self.latency_ms, "error": self.error, "age_seconds": age}


class Health:
    """State of one process: whether it drains, and the results of the last dependency checks.

    `dependencies`: name to a function that raises when the dependency is unavailable; they latch /ready.
    `schema`: raises SchemaBehind; it latches /startup and /ready. `close`: called after the last check.
    """

    def __init__(
        self,
        dependencies: dict[str, t.Callable[[], None]],
        schema: t.Callable[[], None],
        metrics: Metrics | None = None,
        unready: bool = False,
        close: t.Callable[[], None] = lambda: None,
    ) -> None:
        self._checks = {**dependencies, "schema": schema}
        self._dependencies = tuple(dependencies)
        self._metrics = metrics
        self._unready = unready
        self._close = close
        self._results = {name: Result("unknown") for name in self._checks}
        self._seen: set[str] = set()
        self._draining = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        # Set by the worker's main loop; None in the API, which has no loop.
        self.alive: t.Callable[[], bool] | None = None

    def start(self) -> None:
        """Start the checks. Call it in the serving process (after a fork)."""
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the checks and close their connections."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._close()

    def drain(self) -> None:
        """Start draining: /ready and /status return 503. Safe in a signal handler."""
        self._draining.set()

    @property
    def draining(self) -> bool:
        """Whether the process is draining."""
        return self._draining.is_set()

    def check(self) -> None:
        """Run every check once."""
        for name, check in self._checks.items():
            if name == "schema" and name in self._seen:
                continue  # migrations only expand, so a sufficient schema stays sufficient
            self._check(name, check)

    def _check(self, name: str, check: t.Callable[[], None]) -> None:
        start = time.monotonic()
        error: Exception | None = None
        try:
            check()
        except Exception as caught:  # noqa: BLE001 - this thread must survive: nothing else sets ready
            error = caught
        end = time.monotonic()
        before = self._results[name].state
        state = "down" if error else "up"
        # Only the type: messages contain hosts and users, and /status is public.
        kind = type(error).__name__ if error else None
        self._results[name] = Result(state, round((end - start) * 1000, 1), kind, end)
        if error is None:
            self._seen.add(name)
        if self._metrics is not None:
            self._metrics.dependency_up.labels(name).set(0 if error else 1)
            self._metrics.dependency_latency.labels(name).set(end - start)
        if state != before:
            level = logging.WARNING if error else logging.INFO
            log.log(level, "dependency %s is %s", name, state, extra={"cause": str(error)} if error else {})

    def _run(self) -> None:
        while not self._stop.is_set():
            self.check()
            self._stop.wait(INTERVAL if len(self._seen) == len(self._checks) else FIRST_INTERVAL)

    def healthz(self) -> bool:
        """Whether the process itself works."""
        return self.alive is None or self.alive()

    def ready(self) -> tuple[bool, dict[str, t.Any]]:
        """Whether the process accepts new requests, with details."""
        waiting = [name for name in (*self._dependencies, "schema") if name not in self._seen]
        good = not (waiting or self.draining or self._unready)
        return good, {"ready": good, "draining": self.draining, "waiting_for": waiting}

    def startup(self) -> tuple[bool, dict[str, t.Any]]:
        """Whether the schema is sufficient. (Without valid settings the process does not start.)"""
        good = "schema" in self._seen
        return good, {"started": good, "configuration": "valid", "schema": self._results["schema"].state}

    def status(self) -> tuple[bool, dict[str, t.Any]]:
        """Whether the process serves. The body reports the dependencies; they do not change the result."""
        now = time.monotonic()
        state = "draining" if self.draining else "serving" if self.healthz() else "stuck"
        return state == "serving", {
            "status": state,
            "dependencies": {name: self._results[name].as_json(now) for name in self._dependencies},
        }
