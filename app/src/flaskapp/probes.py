"""The endpoints for kubelet, load balancers and people, shared by the API and the worker."""

from __future__ import annotations

import typing as t

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from flaskapp.config import Settings
from flaskapp.health import Health

PROBE_PATHS = frozenset({"/healthz", "/health", "/ready", "/startup", "/status"})


def probes(settings: Settings, health: Health) -> Blueprint:
    """Return /, /config, /healthz, /health, /ready, /startup and /status."""
    blueprint = Blueprint("probes", __name__)

    def answer(good: bool, body: dict[str, t.Any]) -> ResponseReturnValue:
        return jsonify(body), 200 if good else 503

    @blueprint.get("/")
    def index() -> ResponseReturnValue:
        return jsonify(
            name="flaskapp", version=settings.app_version, slot=settings.app_slot, hostname=settings.hostname
        )

    @blueprint.get("/config")
    def config() -> ResponseReturnValue:
        return jsonify(settings.redacted())

    @blueprint.get("/healthz")
    def healthz() -> ResponseReturnValue:
        good = health.healthz()
        return ("ok\n" if good else "stuck\n"), 200 if good else 503, {"Content-Type": "text/plain; charset=utf-8"}

    @blueprint.get("/health")
    def health_json() -> ResponseReturnValue:
        good = health.healthz()
        return answer(good, {"status": "ok" if good else "stuck"})

    @blueprint.get("/ready")
    def ready() -> ResponseReturnValue:
        return answer(*health.ready())

    @blueprint.get("/startup")
    def startup() -> ResponseReturnValue:
        return answer(*health.startup())

    @blueprint.get("/status")
    def status() -> ResponseReturnValue:
        return answer(*health.status())

    return blueprint
