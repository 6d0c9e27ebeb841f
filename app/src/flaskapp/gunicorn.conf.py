"""gunicorn settings of the API: one worker with eight threads, because pods are the unit of scaling."""

from __future__ import annotations

import logging
import os
import signal
import sys
import typing as t

from flaskapp.config import load as _load  # gunicorn treats every public name here as a setting

_settings = _load(os.environ, "api")

bind = f"0.0.0.0:{_settings.port}"
worker_class = "gthread"
workers = 1
threads = 8
# Longer than the idle timeout of the ALB (60 s), so that the target never closes a connection that the ALB reuses
# (AWS documentation, "Troubleshoot your Application Load Balancers", HTTP 502).
keepalive = 75
graceful_timeout = 25
# Keep the heartbeat file in memory, so that a slow disk cannot make a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # noqa: S108
# The control socket is unused, and its place below $HOME may be read-only.
control_socket_disable = True
logger_class = "flaskapp.logging.GunicornLogger"
proc_name = "flaskapp"

_log = logging.getLogger("flaskapp.gunicorn")


def when_ready(server: t.Any) -> None:
    """Drain on SIGTERM: /ready and /status return 503 while the worker still accepts requests.

    gunicorn alone closes its listening socket at once, and a load balancer that still routes here gets connection
    errors. A preStop sleep has the same effect; this covers deployments without one.
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
    """Start the background threads in the serving process, because threads do not survive a fork."""
    runtime = worker.wsgi.extensions["flaskapp"]
    signal.signal(signal.SIGUSR2, lambda signum, frame: runtime.health.drain())
    try:
        runtime.start()
    except OSError as error:
        _log.error("METRICS_PORT %s: cannot be used (%s); set it to a free port", runtime.settings.metrics_port, error)
        sys.exit(3)  # gunicorn's WORKER_BOOT_ERROR, which ends the master instead of restarting the worker forever


def worker_exit(server: t.Any, worker: t.Any) -> None:
    """Close connections and servers before the interpreter exits."""
    wsgi = getattr(worker, "wsgi", None)
    if wsgi is not None:
        wsgi.extensions["flaskapp"].stop()


def on_exit(server: t.Any) -> None:
    """Log a line, so that an intended stop is visible in the log."""
    _log.info("the API has stopped")
