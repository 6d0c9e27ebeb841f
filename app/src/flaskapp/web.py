"""The Flask application of the API: request ids, metrics, headers and JSON errors."""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from redis import Redis
from sqlalchemy import Engine
from werkzeug.exceptions import HTTPException, InternalServerError

from flaskapp import config, schema
from flaskapp.api import DATABASE_FAILURES, Invalid, tasks_api
from flaskapp.breaker import BreakerOpen
from flaskapp.cache import make_redis
from flaskapp.config import Settings
from flaskapp.db import make_engine
from flaskapp.health import Health
from flaskapp.logging import configure, request_id, request_id_of
from flaskapp.metrics import Metrics
from flaskapp.probes import PROBE_PATHS, probes
from flaskapp.queue import Queue

log = logging.getLogger(__name__)
access = logging.getLogger("flaskapp.access")

BODY_LIMIT = 16 * 1024  # bytes; a title of 200 escaped characters needs 2.4 KB
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass
class Runtime:
    """The background threads of the serving process, stored as app.extensions["flaskapp"]."""

    settings: Settings
    health: Health
    metrics: Metrics
    engine: Engine
    redis: Redis

    def start(self) -> None:
        """Start the dependency checks and /metrics. Raises OSError when METRICS_PORT is in use."""
        self.metrics.serve(self.settings.metrics_port)
        self.health.start()
        exit_after(self.settings.faults.exit)

    def stop(self) -> None:
        """Stop the checks and close connections after the last request."""
        self.health.stop()
        self.engine.dispose()
        self.redis.close()


def exit_after(seconds: float) -> None:
    """Crash after `seconds` (the fault `exit`); 0 is never."""
    if seconds:
        # 3 is gunicorn's WORKER_BOOT_ERROR: the master exits too, and with it the container.
        timer = threading.Timer(seconds, os._exit, (3,))
        timer.daemon = True
        timer.start()


def make_health(settings: Settings, metrics: Metrics) -> Health:
    """Return the health of a process that needs the database and Redis. Raises ValueError without Redis."""
    if settings.redis is None:
        raise ValueError("this process needs Redis")
    # The check does not retry, because it runs again soon.
    redis = make_redis(settings.redis, retries=0)
    queue = Queue(redis)
    # Use a separate pool, so that a busy request pool does not look like an unavailable database.
    engine = make_engine(settings.database, pool_size=1, timeout=2, name="flaskapp-health")

    def close() -> None:
        engine.dispose()
        redis.close()

    def database() -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    return Health(
        {"database": database, "redis": lambda: metrics.queue_depth.set(queue.depth())},
        schema=lambda: schema.check(engine),
        metrics=metrics,
        unready=settings.faults.unready,
        close=close,
    )


def create_app(settings: Settings) -> Flask:
    """Build the application. Connections and listeners start with its Runtime."""
    app = Flask("flaskapp", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    app.json.sort_keys = False  # type: ignore[attr-defined]
    metrics = Metrics(settings)
    engine = make_engine(settings.database)
    if settings.redis is None:
        raise ValueError("the API needs Redis")
    redis = make_redis(settings.redis)
    queue = Queue(redis)
    health = make_health(settings, metrics)
    app.extensions["flaskapp"] = Runtime(settings, health, metrics, engine, redis)
    app.register_blueprint(probes(settings, health))
    app.register_blueprint(tasks_api(settings, engine, queue, metrics))
    _around_requests(app, settings, metrics)
    _errors(app)
    return app


def from_environment(environ: Mapping[str, str] = os.environ) -> Flask:
    """Build the application from the environment. gunicorn calls this in its worker."""
    settings = config.load(environ, "api")
    configure(settings.log_level, version=settings.app_version, slot=settings.app_slot)
    return create_app(settings)


def _route() -> str:
    # Use the route template, not the path: each label value costs memory here and in Prometheus.
    return request.url_rule.rule if request.url_rule is not None else "(none)"


def _around_requests(app: Flask, settings: Settings, metrics: Metrics) -> None:
    @app.before_request
    def begin() -> None:
        g.start = time.monotonic()
        g.request_id = request_id_of(request.headers.get("X-Amzn-Trace-Id"))
        request_id.set(g.request_id)
        metrics.in_flight.labels(_route()).inc()
        g.counted = True

    @app.before_request
    def misbehave() -> None:
        if request.path in PROBE_PATHS:
            return
        if settings.faults.delay:
            time.sleep(settings.faults.delay)
        if settings.faults.errors and random.uniform(0, 100) < settings.faults.errors:  # noqa: S311 - no secret
            raise InternalServerError("Fault injected by FAULTS.")

    @app.after_request
    def end(response: Response) -> Response:
        response.headers.extend(HEADERS)
        response.headers["X-Request-Id"] = g.request_id
        if request.headers.get("X-Forwarded-Proto") == "https":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        seconds = time.monotonic() - g.start
        method, route = request.method if request.method in METHODS else "(other)", _route()
        metrics.requests.labels(method, route, str(response.status_code)).inc()
        metrics.latency.labels(method, route).observe(seconds)
        # kubelet and the load balancer probe several times a second; do not log successful probes.
        quiet = request.path in PROBE_PATHS and response.status_code < 400
        access.log(
            logging.DEBUG if quiet else logging.INFO,
            "%s %s %s",
            method,
            request.path,
            response.status_code,
            extra={
                "method": method,
                "path": request.path,
                "route": route,
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
                "client": request.access_route[-1],
            },
        )
        return response

    @app.teardown_request
    def finished(error: BaseException | None) -> None:
        if g.pop("counted", False):
            metrics.in_flight.labels(_route()).dec()
        request_id.set(None)


def _errors(app: Flask) -> None:
    def answer(status: int, error: str, message: str, **more: object) -> Response:
        response = jsonify(error=error, message=message, request_id=g.get("request_id"), **more)
        response.status_code = status
        return response

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        response = answer(status, error.name.lower().replace(" ", "_"), error.description or "")
        for name, value in error.get_headers():
            if name.lower() not in {"content-type", "content-length"}:
                response.headers[name] = value  # headers of the status, like Allow
        return response

    @app.errorhandler(Invalid)
    def invalid(error: Invalid) -> ResponseReturnValue:
        return answer(422, "invalid", "The request contains invalid fields.", fields=error.fields)

    @app.errorhandler(BreakerOpen)
    def resting(error: BreakerOpen) -> ResponseReturnValue:
        response = answer(503, f"{error.name}_unavailable", f"The {error.name} is unavailable. Try again soon.")
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
        return response

    def database(error: Exception) -> ResponseReturnValue:
        log.error("the database is unavailable", extra={"cause": str(error)})
        cause = type(error).__name__
        response = answer(503, "database_unavailable", f"The database is unavailable ({cause}). Try again soon.")
        response.headers["Retry-After"] = "1"
        return response

    for failure in DATABASE_FAILURES:
        app.register_error_handler(failure, database)
