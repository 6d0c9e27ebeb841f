"""The worker takes ids from the queue, does the work and writes the result. Delivery is at least once and idempotent.

Redis may lose its data, and a worker may die at any point. The sweep restores the queue from the database rows.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import typing as t
import uuid
from datetime import timedelta
from types import FrameType

from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from flaskapp import tasks
from flaskapp.cache import make_redis
from flaskapp.config import Settings
from flaskapp.db import make_engine
from flaskapp.metrics import Metrics
from flaskapp.models import Status, now
from flaskapp.probe_server import serve_probes
from flaskapp.queue import Queue
from flaskapp.web import exit_after, make_health
from flaskapp.work import Abandoned, work

log = logging.getLogger(__name__)

FETCH_SECONDS = 1.0  # timeout of one queue poll, and thus the maximum delay of SIGTERM
SWEEP_LIMIT = 100  # rows per sweep, so that a large backlog does not block the worker
FAILURES = (RedisError, SQLAlchemyError, OSError)


class Worker:
    """One worker process. `run` returns after `stop`, when the current task is finished or released."""

    def __init__(self, settings: Settings, engine: Engine, queue: Queue, metrics: Metrics) -> None:
        self._settings = settings
        self._times = settings.worker
        self._engine = engine
        self._queue = queue
        self._metrics = metrics
        # The process id is the same after a container restart, so a worker finds its list again.
        self.name = f"{settings.hostname}:{os.getpid()}"
        self._stopping = threading.Event()
        self._abandon_at = float("inf")
        self._last_beat = time.monotonic()
        self._next_sweep = 0.0

    def stop(self) -> None:
        """Stop taking tasks; the current one has `grace_seconds` to finish. Safe in a signal handler."""
        self._abandon_at = min(self._abandon_at, time.monotonic() + self._times.grace_seconds)
        self._stopping.set()

    def alive(self) -> bool:
        """Whether the loop has completed a cycle within the time allowed for one task."""
        return time.monotonic() - self._last_beat < self._times.lease_seconds + 30

    def run(self) -> None:
        """Process tasks until stopped. Wait for dependencies that fail."""
        recovered, pause = False, 0.5
        while not self._stopping.is_set():
            self._last_beat = time.monotonic()
            try:
                if not recovered:
                    self._recover()
                    recovered = True
                if time.monotonic() >= self._next_sweep:
                    self._sweep()
                    self._next_sweep = time.monotonic() + self._times.sweep_seconds
                task_id = self._queue.take(self.name, FETCH_SECONDS)
                if task_id is not None:
                    self._handle(task_id)
                pause = 0.5
            except FAILURES as error:
                log.warning("waiting for a dependency", extra={"cause": f"{type(error).__name__}: {error}"})
                recovered = False  # release the ids on our list first
                self._stopping.wait(pause)
                pause = min(pause * 2, 10.0)
        log.info("worker %s has stopped", self.name)

    def _handle(self, task_id: str) -> None:
        if self._stopping.is_set():
            self._queue.give_back(self.name, task_id)
            return
        key = _uuid(task_id)
        task = None
        if key is not None:
            with Session(self._engine, expire_on_commit=False) as session:
                task = tasks.claim(session, key, self.name, timedelta(seconds=self._times.lease_seconds))
                session.commit()
        if task is None:
            # The task is done, taken by another worker, or unknown: ids may be delivered twice.
            log.info("nothing to do for %.50s", task_id)
            self._queue.drop(self.name, task_id)
            return
        start = time.monotonic()
        try:
            result = work(task.title, self._settings.faults.work, lambda: time.monotonic() >= self._abandon_at)
            status = Status.DONE
        except Abandoned:
            self._release(task.id)
            return
        except Exception as error:  # record the failure in the row and keep the worker running
            log.exception("task %s failed", task.id)
            result, status = {"error": f"{type(error).__name__}: {error}"[:500]}, Status.FAILED
        self._metrics.task_duration.observe(time.monotonic() - start)
        self._finish(task.id, status, result)

    def _finish(self, task_id: uuid.UUID, status: Status, result: dict[str, t.Any]) -> None:
        def write() -> bool:
            with Session(self._engine) as session:
                written = tasks.finish(session, task_id, self.name, status, result)
                session.commit()
                return written

        if _insist(write):
            self._metrics.tasks_done.labels(status.value).inc()
            log.info("task %s is %s", task_id, status.value)
        else:
            log.warning("task %s exceeded its lease and was taken by another worker", task_id)
        self._queue.drop(self.name, str(task_id))

    def _release(self, task_id: uuid.UUID) -> None:
        """Return a task of this worker to the front of the queue."""

        def write() -> bool:
            with Session(self._engine) as session:
                released = tasks.release(session, task_id, self.name)
                session.commit()
                return released

        if _insist(write):
            self._metrics.tasks_requeued.labels("released").inc()
            log.info("task %s is released", task_id)
        self._queue.give_back(self.name, str(task_id))

    def _recover(self) -> None:
        """Release the ids left on this worker's list by a restart or a failed dependency."""
        for task_id in self._queue.held(self.name):
            key = _uuid(task_id)
            if key is None:
                self._queue.drop(self.name, task_id)
            else:
                self._release(key)

    def _sweep(self) -> None:
        """Queue tasks that were never pushed, lost by Redis, or taken by a dead worker."""
        with Session(self._engine, expire_on_commit=False) as session:
            for task in tasks.expired(session, SWEEP_LIMIT):
                won = task.worker is not None and tasks.release(session, task.id, task.worker)
                session.commit()
                if won:
                    self._requeue(task.id, "lease_expired")
            before = now() - timedelta(seconds=self._times.requeue_after_seconds)
            for task in tasks.waiting_since(session, before, SWEEP_LIMIT):
                if self._queue.contains(str(task.id)):
                    continue  # still in the queue, which is long
                won = tasks.requeue_waiting(session, task)
                session.commit()
                if won:
                    self._requeue(task.id, "not_in_queue")

    def _requeue(self, task_id: uuid.UUID, reason: str) -> None:
        self._queue.push(str(task_id))
        self._metrics.tasks_requeued.labels(reason).inc()
        log.warning("task %s is queued again (%s)", task_id, reason)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _insist(write: t.Callable[[], bool], tries: int = 4, pause: float = 0.5) -> bool:
    """Retry `write` a few times when the database fails, because repeating finished work costs more."""
    for left in range(tries - 1, -1, -1):
        try:
            return write()
        except SQLAlchemyError:
            if not left:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


def run(settings: Settings) -> int:
    """Run the worker with its probes on PORT and its metrics on METRICS_PORT; return the exit status.

    Raises OSError when a port is in use.
    """
    if settings.redis is None:
        raise ValueError("the worker needs Redis")
    metrics = Metrics(settings)
    # BLMOVE blocks for up to FETCH_SECONDS, so the client's timeout must be longer.
    queue = Queue(make_redis(settings.redis, timeout=FETCH_SECONDS + 2))
    worker = Worker(settings, make_engine(settings.database, pool_size=2), queue, metrics)
    health = make_health(settings, metrics)
    health.alive = worker.alive

    def on_signal(signum: int, frame: FrameType | None) -> None:
        health.drain()
        worker.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    metrics.serve(settings.metrics_port)
    serve_probes(settings, health)
    health.start()
    exit_after(settings.faults.exit)
    log.info("worker %s has started", worker.name)
    worker.run()
    health.stop()
    return 0
