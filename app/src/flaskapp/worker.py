"""The worker: takes ids from the queue, does the work, writes the outcome; at least once, and the same when twice.

Redis may forget everything, and a worker may die anywhere: the sweep finds from the rows alone what has to be done.
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

FETCH_SECONDS = 1.0  # how long one look at the queue waits; also how late SIGTERM is noticed at most
SWEEP_LIMIT = 100  # rows per sweep, so that a big backlog never holds the worker up for long
FAILURES = (RedisError, SQLAlchemyError, OSError)


class Worker:
    """One worker process. `run` returns when `stop` has been called and the task in hand is finished or given back."""

    def __init__(self, settings: Settings, engine: Engine, queue: Queue, metrics: Metrics) -> None:
        self._settings = settings
        self._times = settings.worker
        self._engine = engine
        self._queue = queue
        self._metrics = metrics
        # In a container the process id is the same after a restart, so a worker finds what it held before.
        self.name = f"{settings.hostname}:{os.getpid()}"
        self._stopping = threading.Event()
        self._abandon_at = float("inf")
        self._last_beat = time.monotonic()
        self._next_sweep = 0.0

    def stop(self) -> None:
        """Fetch no more; the task in hand has `grace_seconds` to finish. Safe in a signal handler."""
        self._abandon_at = min(self._abandon_at, time.monotonic() + self._times.grace_seconds)
        self._stopping.set()

    def alive(self) -> bool:
        """Whether the loop has come round within the time that a task may take."""
        return time.monotonic() - self._last_beat < self._times.lease_seconds + 30

    def run(self) -> None:
        """Work until stopped; a dependency that fails is waited for."""
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
                recovered = False  # what is on our list now is to be given back before anything else
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
            # Done already, in other hands, or not a task at all: an id may come twice.
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
        except Exception as error:  # whatever a task does, the worker lives on and the row says it
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
            log.warning("task %s took longer than its lease; another worker has it", task_id)
        self._queue.drop(self.name, str(task_id))

    def _release(self, task_id: uuid.UUID) -> None:
        """Make a task that this worker holds wait again, and put it at the front."""

        def write() -> bool:
            with Session(self._engine) as session:
                released = tasks.release(session, task_id, self.name)
                session.commit()
                return released

        if _insist(write):
            self._metrics.tasks_requeued.labels("released").inc()
            log.info("task %s is given back", task_id)
        self._queue.give_back(self.name, str(task_id))

    def _recover(self) -> None:
        """Give back what this worker's list still holds: it was restarted, or a dependency failed half-way."""
        for task_id in self._queue.held(self.name):
            key = _uuid(task_id)
            if key is None:
                self._queue.drop(self.name, task_id)
            else:
                self._release(key)

    def _sweep(self) -> None:
        """Queue what fell through: never pushed, lost by Redis, or taken by a worker that died."""
        with Session(self._engine, expire_on_commit=False) as session:
            for task in tasks.expired(session, SWEEP_LIMIT):
                won = task.worker is not None and tasks.release(session, task.id, task.worker)
                session.commit()
                if won:
                    self._requeue(task.id, "lease_expired")
            before = now() - timedelta(seconds=self._times.requeue_after_seconds)
            for task in tasks.waiting_since(session, before, SWEEP_LIMIT):
                if self._queue.contains(str(task.id)):
                    continue  # only a long queue, nothing is lost
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
    """Call `write` until the database takes it, a few times: done work is worth more than a quick answer."""
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

    Raises OSError when a port is taken.
    """
    if settings.redis is None:
        raise ValueError("the worker needs Redis")
    metrics = Metrics(settings)
    # The answer to BLMOVE comes after FETCH_SECONDS, so the client has to wait longer than that.
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
