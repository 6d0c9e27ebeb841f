"""The task endpoints on both engines, and the API as a real process."""

from __future__ import annotations

import dataclasses
import signal
import socket
import threading
import time
import typing as t
import uuid

import pytest
import requests
from app_programs import SECRET_KEY, Program, Service, Start
from app_services import PASSWORD, wait_until
from flask import Flask
from flask.testing import FlaskClient
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import update

from flaskapp.config import Settings
from flaskapp.faults import Faults
from flaskapp.models import Status, Task
from flaskapp.queue import QUEUE, Queue

Application = t.Callable[[Settings], Flask]


@pytest.fixture
def client(service: Service, application: Application) -> FlaskClient:
    return application(service.settings).test_client()


@pytest.fixture
def postgresql_client(postgresql_service: Service, application: Application) -> FlaskClient:
    return application(postgresql_service.settings).test_client()


def test_create_and_get(client: FlaskClient, service: Service) -> None:
    title = "Zwölf Boxkämpfer 🥊 jagen"
    created = client.post("/tasks", json={"title": f"  {title} "})
    assert created.status_code == 201
    assert (created.json["title"], created.json["status"], created.json["result"]) == (title, "queued", None)
    assert service.redis.lrange(QUEUE, 0, -1) == [created.json["id"]]
    found = client.get(created.headers["Location"])
    assert found.status_code == 200 and found.json == created.json
    assert found.json["created_at"].endswith("+00:00")


def test_list_in_pages(client: FlaskClient) -> None:
    ids = [client.post("/tasks", json={"title": f"task {number}"}).json["id"] for number in range(5)]
    seen, cursor, pages = [], None, 0
    while True:
        answer = client.get("/tasks", query_string={"limit": 2, **({"cursor": cursor} if cursor else {})}).json
        seen += [task["id"] for task in answer["tasks"]]
        cursor, pages = answer["next_cursor"], pages + 1
        if cursor is None:
            break
    assert seen == ids[::-1] and pages == 3
    assert client.get("/tasks?status=done").json == {"tasks": [], "next_cursor": None}
    assert len(client.get("/tasks?status=queued").json["tasks"]) == 5


@pytest.mark.parametrize("status", [Status.QUEUED, Status.DONE, Status.FAILED])
def test_delete(client: FlaskClient, service: Service, status: Status) -> None:
    task, other = (client.post("/tasks", json={"title": title}).json for title in ("gone", "stays"))
    set_status(service, task["id"], status)
    removed = client.delete(f"/tasks/{task['id']}")
    assert (removed.status_code, removed.data) == (204, b"")
    assert client.get(f"/tasks/{task['id']}").status_code == 404
    again = client.delete(f"/tasks/{task['id']}")
    assert (again.status_code, again.json["error"]) == (404, "not_found")
    assert [row["id"] for row in client.get("/tasks").json["tasks"]] == [other["id"]]


def test_delete_waits_for_the_worker(client: FlaskClient, service: Service) -> None:
    task = client.post("/tasks", json={"title": "busy"}).json
    set_status(service, task["id"], Status.RUNNING)
    refused = client.delete(f"/tasks/{task['id']}")
    assert (refused.status_code, refused.json["error"]) == (409, "conflict")
    assert client.get(f"/tasks/{task['id']}").json["status"] == "running"
    set_status(service, task["id"], Status.DONE)
    assert client.delete(f"/tasks/{task['id']}").status_code == 204


def set_status(service: Service, task_id: str, status: Status) -> None:
    with service.engine.begin() as connection:
        connection.execute(update(Task).where(Task.id == uuid.UUID(task_id)).values(status=status))


def test_redis_down_keeps_the_row(postgresql_client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Queue, task_id: str) -> None:
        raise RedisConnectionError("refused")

    monkeypatch.setattr(Queue, "push", fail)
    client = postgresql_client
    answer = client.post("/tasks", json={"title": "kept"})
    assert answer.status_code == 503
    assert answer.json["error"] == "queue_unavailable" and "Redis: ConnectionError" in answer.json["message"]
    assert client.get(answer.headers["Location"]).json["status"] == "queued"
    for _ in range(4):
        client.post("/tasks", json={"title": "kept"})
    assert "Redis: BreakerOpen" in client.post("/tasks", json={"title": "kept"}).json["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "title"),
        ({"title": None}, "title"),
        ({"title": 7}, "title"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "good", "id": 1}, "id"),
        (["title"], "body"),
        ("title", "body"),
    ],
)
def test_invalid_input(postgresql_client: FlaskClient, body: object, field: str) -> None:
    answer = postgresql_client.post("/tasks", json=body)
    assert answer.status_code == 422 and answer.json["error"] == "invalid"
    assert list(answer.json["fields"]) == [field]


def test_longest_title_is_taken(client: FlaskClient) -> None:
    assert client.post("/tasks", json={"title": "🥊" * 200}).status_code == 201


def test_errors_are_json(postgresql_client: FlaskClient) -> None:
    client = postgresql_client
    cases = [
        (client.post("/tasks", data="{", content_type="application/json"), 400, "bad_request"),
        (client.post("/tasks", data="title=x"), 415, "unsupported_media_type"),
        (client.post("/tasks", json={"title": "x" * 20_000}), 413, "request_entity_too_large"),
        (client.get("/nowhere"), 404, "not_found"),
        (client.get(f"/tasks/{uuid.uuid4()}"), 404, "not_found"),
        (client.get("/tasks/7"), 404, "not_found"),
        (client.delete(f"/tasks/{uuid.uuid4()}"), 404, "not_found"),
        (client.delete("/tasks"), 405, "method_not_allowed"),
        (client.get("/tasks?limit=0"), 422, "invalid"),
        (client.get("/tasks?limit=101"), 422, "invalid"),
        (client.get("/tasks?limit=x"), 422, "invalid"),
        (client.get("/tasks?status=lost"), 422, "invalid"),
        (client.get("/tasks?cursor=WyIyMDI2Il0.forged"), 422, "invalid"),
    ]
    for answer, status, error in cases:
        assert (answer.status_code, answer.json["error"]) == (status, error), answer.json
        assert answer.json["message"] and answer.json["request_id"] == answer.headers["X-Request-Id"]
    assert set(cases[7][0].headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_headers(postgresql_client: FlaskClient) -> None:
    trace = "1-67891233-abcdef012345678912345678"
    answer = postgresql_client.get("/", headers={"X-Amzn-Trace-Id": f"Root={trace}", "X-Forwarded-Proto": "https"})
    assert answer.headers["X-Request-Id"] == trace
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in postgresql_client.get("/").headers


def test_unexpected_error_is_json_without_details(postgresql_service: Service, application: Application) -> None:
    app = application(postgresql_service.settings)
    app.view_functions["probes.index"] = lambda: 1 / 0
    answer = app.test_client().get("/")
    assert (answer.status_code, answer.json["error"]) == (500, "internal_server_error")
    assert "division" not in answer.text


def test_database_down(postgresql_service: Service, application: Application) -> None:
    database = dataclasses.replace(postgresql_service.settings.database, port=1)
    client = application(dataclasses.replace(postgresql_service.settings, database=database)).test_client()
    answer = client.get("/tasks")
    assert (answer.status_code, answer.json["error"]) == (503, "database_unavailable")
    assert "127.0.0.1" not in answer.text and answer.headers["Retry-After"] == "1"
    for _ in range(4):
        client.get("/tasks")
    assert int(client.get("/tasks").headers["Retry-After"]) > 1, "the breaker is open"
    assert client.get("/status").status_code == 200


def test_faults(postgresql_service: Service, application: Application) -> None:
    settings = dataclasses.replace(postgresql_service.settings, faults=Faults.parse("errors=100,delay=0.2"))
    client = application(settings).test_client()
    start = time.monotonic()
    assert client.get("/").status_code == 500
    assert time.monotonic() - start >= 0.2
    assert client.get("/healthz").status_code == 200


def test_metrics_by_route_template(postgresql_service: Service, application: Application) -> None:
    app = application(postgresql_service.settings)
    client, registry = app.test_client(), app.extensions["flaskapp"].metrics.registry
    for _ in range(2):
        client.get(f"/tasks/{uuid.uuid4()}")
    client.get("/a"), client.get("/b")
    route = "/tasks/<uuid:task_id>"
    sample = registry.get_sample_value
    assert sample("flaskapp_http_requests_total", {"method": "GET", "route": route, "status": "404"}) == 2
    assert sample("flaskapp_http_requests_total", {"method": "GET", "route": "(none)", "status": "404"}) == 2
    assert sample("flaskapp_http_request_duration_seconds_count", {"method": "GET", "route": route}) == 2
    assert sample("flaskapp_http_requests_in_flight", {"route": route}) == 0


def ready(program: Program) -> Program:
    program.wait_for("/ready")
    return program


def test_process_serves_drains_and_ends(postgresql_service: Service, start: Start) -> None:
    service = postgresql_service
    api = ready(start("api", service.environment, DRAIN_SECONDS="1.5", APP_VERSION="7.1", APP_SLOT="green"))
    assert api.get("/").json()["version"] == "7.1" and api.get("/").json()["slot"] == "green"
    assert api.session.post(api.url("/tasks"), json={"title": "one two"}, timeout=5).status_code == 201
    wait_until(lambda: 'flaskapp_dependency_up{dependency="redis"} 1.0' in api.metrics(), "checks in /metrics")
    assert 'flaskapp_build_info{slot="green",version="7.1"} 1.0' in api.metrics()
    assert requests.get(api.url("/metrics"), timeout=5).status_code == 404, "/metrics is served on METRICS_PORT only"

    api.child.send_signal(signal.SIGTERM)
    wait_until(lambda: requests.get(api.url("/ready"), timeout=5).status_code == 503, "/ready says draining", 1)
    assert requests.get(api.url("/status"), timeout=5).json()["status"] == "draining"
    assert api.get("/status").status_code == 503
    assert api.get("/healthz").status_code == 200
    late = requests.post(api.url("/tasks"), json={"title": "late"}, timeout=5)
    assert late.status_code == 201, "requests are served while draining"
    assert api.child.wait(15) == 0
    output = api.output()
    assert PASSWORD not in output and SECRET_KEY not in output
    assert any(
        line["logger"] == "flaskapp.access" and line["path"] == "/tasks" and line["version"] == "7.1"
        for line in api.lines()
    )
    assert not any(line.get("path") == "/healthz" for line in api.lines())


def test_request_in_flight_is_finished(postgresql_service: Service, start: Start) -> None:
    api = ready(start("api", postgresql_service.environment, FAULTS="delay=1.5"))
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(requests.get(api.url("/"), timeout=10).status_code))
    thread.start()
    wait_until(lambda: 'flaskapp_http_requests_in_flight{route="/"} 1.0' in api.metrics(), "in flight")
    assert api.terminate() == 0
    thread.join()
    assert answers == [200]


def test_crash_and_taken_port_end_the_process(postgresql_service: Service, start: Start) -> None:
    crashing = start("api", postgresql_service.environment, FAULTS="exit=0.1")
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        second = start("api", postgresql_service.environment, METRICS_PORT=taken)
        assert second.child.wait(20) == 3
    assert f"METRICS_PORT {taken}: cannot be used" in second.output()
    assert crashing.child.wait(20) == 3


def test_wrong_configuration_ends_at_once(start: Start) -> None:
    program = start("api", {"DATABASE_ENGINE": "postgresql"})
    assert program.child.wait(15) == 78
    assert "DATABASE_HOST: is not set; set it to the host name of the database" in program.output()
