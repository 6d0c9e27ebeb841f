"""How gunicorn runs the API: one worker with eight threads, because pods are the unit of scaling."""

from __future__ import annotations

import logging
import os
import signal
import sys
import typing as t

from flaskapp.config import load as _load  # gunicorn takes every public name here for a setting

_settings = _load(os.environ, "api")

bind = f"0.0.0.0:{_settings.port}"
worker_class = "gthread"
workers = 1
threads = 8
# Above the idle timeout of the ALB (60 s), so that it is never the ALB that finds a connection closed (AWS
# documentation, "Troubleshoot your Application Load Balancers", HTTP 502).
keepalive = 75
graceful_timeout = 25
# gunicorn's heartbeat file: in memory, where a slow disk cannot make a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # noqa: S108
# It would be made below $HOME, on a read-only file system, and nobody uses it.
control_socket_disable = True
logger_class = "flaskapp.logging.GunicornLogger"
proc_name = "flaskapp"

_log = logging.getLogger("flaskapp.gunicorn")


def when_ready(server: t.Any) -> None:
    """On SIGTERM drain first: the worker says 503 to /ready and /status while it still takes requests.

    gunicorn by itself closes its listening socket at once; a load balancer that has not noticed yet would meet refused
    connections. A preStop sleep does the same from outside; this covers who has none.
    """
    draining = False

    def stop(signum: int, frame: t.Any) -> None:
        server.signal(signal.SIGTERM, frame)

    def drain(signum: int, frame: t.Any) -> None:
        nonlocal draining
        if draining or not _settings.drain_seconds:
            tell_workers()
            stop(signum, frame)
            return
        draining = True
        tell_workers()
        signal.setitimer(signal.ITIMER_REAL, _settings.drain_seconds)

    def tell_workers() -> None:
        for pid in list(server.WORKERS):
            try:
                os.kill(pid, signal.SIGUSR2)
            except ProcessLookupError:
                continue

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, drain)


def post_worker_init(worker: t.Any) -> None:
    """Start what runs beside the requests, in the process that serves them (threads do not survive a fork)."""
    runtime = worker.wsgi.extensions["flaskapp"]
    signal.signal(signal.SIGUSR2, lambda signum, frame: runtime.health.drain())
    try:
        runtime.start()
    except OSError as error:
        _log.error("METRICS_PORT %s cannot be used (%s). Set it to a free port.", runtime.settings.metrics_port, error)
        sys.exit(3)  # gunicorn's WORKER_BOOT_ERROR: the master ends as well, instead of trying for ever


def worker_exit(server: t.Any, worker: t.Any) -> None:
    """Close what is open before the interpreter goes."""
    wsgi = getattr(worker, "wsgi", None)
    if wsgi is not None:
        wsgi.extensions["flaskapp"].stop()


def on_exit(server: t.Any) -> None:
    """Say goodbye with one line, so that a log shows a stop that was meant."""
    _log.info("the API has stopped")
