"""The probes and their independence of dependencies."""

from __future__ import annotations

import time
import typing as t

import pytest
from app_programs import Service
from app_services import wait_until
from flask import Flask

from flaskapp.config import Settings
from flaskapp.faults import Faults
from flaskapp.health import Health, SchemaBehind
from flaskapp.metrics import Metrics


class Dependency:
    """A dependency that can be made to fail."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.error:
            raise self.error


@pytest.fixture
def parts() -> tuple[Health, Dependency, Dependency]:
    database, schema = Dependency(), Dependency()
    return Health({"database": database}, schema), database, schema


def test_ready_latches(parts: tuple[Health, Dependency, Dependency]) -> None:
    health, database, schema = parts
    assert health.ready() == (False, {"ready": False, "draining": False, "waiting_for": ["database", "schema"]})
    database.error = OSError("refused")
    health.check()
    assert health.ready()[1]["waiting_for"] == ["database"]
    database.error = None
    health.check()
    assert health.ready()[0]
    database.error = OSError("refused")
    health.check()
    assert health.ready()[0], "a short outage of a dependency must not empty the load balancer"
    good, body = health.status()
    assert good and body["status"] == "serving"
    assert body["dependencies"]["database"] | {"latency_ms": 0, "age_seconds": 0} == {
        "state": "down",
        "error": "OSError",
        "latency_ms": 0,
        "age_seconds": 0,
    }
    assert schema.calls == 1, "a sufficient schema is not checked again"


def test_startup_waits_for_the_schema_alone(parts: tuple[Health, Dependency, Dependency]) -> None:
    health, database, schema = parts
    database.error, schema.error = OSError("refused"), SchemaBehind("at nothing")
    health.check()
    assert not health.startup()[0] and health.startup()[1]["schema"] == "down"
    schema.error = None
    health.check()
    assert health.startup()[0] and not health.ready()[0]


def test_draining(parts: tuple[Health, Dependency, Dependency]) -> None:
    health, _database, _schema = parts
    health.check()
    health.drain()
    assert not health.ready()[0] and health.ready()[1]["draining"]
    assert not health.status()[0] and health.status()[1]["status"] == "draining"
    assert health.healthz(), "a draining process must not be restarted"
    assert health.startup()[0]


def test_checks_survive_any_exception(parts: tuple[Health, Dependency, Dependency]) -> None:
    health, database, _schema = parts
    database.error = ZeroDivisionError("unforeseen")
    health.start()
    wait_until(lambda: database.calls >= 1, "first check")
    database.error = None
    wait_until(lambda: health.ready()[0], "ready after the second check", 3)
    health.stop()


def test_a_hanging_dependency_delays_no_probe(parts: tuple[Health, Dependency, Dependency]) -> None:
    started = []

    def hang() -> None:
        started.append(True)
        time.sleep(1)

    health = Health({"database": hang}, parts[2])
    health.start()
    wait_until(lambda: bool(started), "check began")
    start = time.monotonic()
    assert health.status()[0] and not health.ready()[0] and health.healthz()
    assert time.monotonic() - start < 0.2
    health.stop()


def test_endpoints(service: Service, application: t.Callable[[Settings], Flask]) -> None:
    settings = service.settings
    app = application(settings)
    client, health = app.test_client(), app.extensions["flaskapp"].health
    assert client.get("/healthz").data == b"ok\n"
    assert client.get("/health").json == {"status": "ok"}
    assert client.get("/ready").status_code == 503 and client.get("/startup").status_code == 503
    health.check()
    assert client.get("/ready").json == {"ready": True, "draining": False, "waiting_for": []}
    assert client.get("/startup").json == {"started": True, "configuration": "valid", "schema": "up"}
    status = client.get("/status")
    assert status.status_code == 200
    assert {name: found["state"] for name, found in status.json["dependencies"].items()} == {
        "database": "up",
        "redis": "up",
    }
    assert client.get("/").json == {
        "name": "flaskapp",
        "version": settings.app_version,
        "slot": "",
        "hostname": settings.hostname,
    }
    configuration = client.get("/config")
    assert configuration.json["DATABASE_HOST"] == "127.0.0.1"
    for name in ("DATABASE_PASSWORD", "DATABASE_USER", "REDIS_PASSWORD", "SECRET_KEY"):
        assert configuration.json[name] == "(redacted)"
        assert f'"{service.environment[name]}"' not in configuration.text
    health.drain()
    assert [client.get(path).status_code for path in ("/ready", "/status", "/healthz", "/health", "/startup")] == [
        503,
        503,
        200,
        200,
        200,
    ]


def test_fault_unready() -> None:
    health = Health({}, Dependency(), unready=Faults.parse("unready").unready)
    health.check()
    assert not health.ready()[0] and health.status()[0]


def test_dependency_metrics(postgresql_service: Service) -> None:
    metrics = Metrics(postgresql_service.settings)
    database = Dependency()
    health = Health({"database": database}, Dependency(), metrics)
    health.check()
    assert metrics.registry.get_sample_value("flaskapp_dependency_up", {"dependency": "database"}) == 1
    database.error = OSError("refused")
    health.check()
    assert metrics.registry.get_sample_value("flaskapp_dependency_up", {"dependency": "database"}) == 0
