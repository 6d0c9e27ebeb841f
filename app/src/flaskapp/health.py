"""What the probes answer. Checks run in a thread of their own: a probe never waits for a dependency that hangs.

The rules, and why:
- /healthz knows no dependency: a restart does not repair a database.
- /ready waits for each dependency once (latch) and forgets it then: a shared database that blinks would otherwise take
  every pod out of the load balancer at the same moment.
- /startup wants the schema that this version needs, or a newer one: migrations only expand, so that the version before
  still starts, and can be rolled back to, after one.
- /status is 200 while the process serves and 503 while it drains, whatever the dependencies do.
"""

from __future__ import annotations

import logging
import threading
import time
import typing as t
from dataclasses import dataclass

from flaskapp.metrics import Metrics

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds between checks, once everything has been seen
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
    """State of one process: draining or not, and what its dependencies looked like at the last check.

    `dependencies`: name to a function that raises when the dependency cannot be used; they latch /ready.
    `schema`: raises SchemaBehind; it latches /startup (and with it /ready). `close`: what to do after the last check.
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
        # The worker's main loop reports here; the API has no loop of its own and stays at None.
        self.alive: t.Callable[[], bool] | None = None

    def start(self) -> None:
        """Begin to check. To be called in the process that serves (after a fork)."""
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the checks and close their connections."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._close()

    def drain(self) -> None:
        """Say from now on that no new requests are wanted. Safe in a signal handler."""
        self._draining.set()

    @property
    def draining(self) -> bool:
        """Whether the process is on its way out."""
        return self._draining.is_set()

    def check(self) -> None:
        """Run every check once."""
        for name, check in self._checks.items():
            if name == "schema" and name in self._seen:
                continue  # migrations only expand: what has been enough stays enough
            self._check(name, check)

    def _check(self, name: str, check: t.Callable[[], None]) -> None:
        start = time.monotonic()
        error: Exception | None = None
        try:
            check()
        except Exception as caught:  # noqa: BLE001 - this thread must go on: nothing else ever makes us ready
            error = caught
        end = time.monotonic()
        before = self._results[name].state
        state = "down" if error else "up"
        # The type only: messages name hosts and users, and /status is answered to everybody.
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
        """Whether new requests are wanted, and why not."""
        waiting = [name for name in (*self._dependencies, "schema") if name not in self._seen]
        good = not (waiting or self.draining or self._unready)
        return good, {"ready": good, "draining": self.draining, "waiting_for": waiting}

    def startup(self) -> tuple[bool, dict[str, t.Any]]:
        """Whether the process has what it needs to begin: valid settings (else it would not run) and the schema."""
        good = "schema" in self._seen
        return good, {"started": good, "configuration": "valid", "schema": self._results["schema"].state}

    def status(self) -> tuple[bool, dict[str, t.Any]]:
        """Whether the process serves; the dependencies are told, and change nothing."""
        now = time.monotonic()
        state = "draining" if self.draining else "serving" if self.healthz() else "stuck"
        return state == "serving", {
            "status": state,
            "dependencies": {name: self._results[name].as_json(now) for name in self._dependencies},
        }
