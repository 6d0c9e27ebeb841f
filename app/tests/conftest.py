"""Fixtures: servers per session, an empty database per test, and the commands as real processes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import typing as t
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

# Needed when pytest runs in the repository root, where pythonpath does not include this directory.
HERE = Path(__file__).parent
SOURCE = HERE.parent / "src"
for folder in (SOURCE, HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import app_services as services  # noqa: E402
from app_programs import SECRET_KEY, Program, Service, Start  # noqa: E402
from flask import Flask  # noqa: E402
from sqlalchemy import text  # noqa: E402

from flaskapp import config, schema  # noqa: E402
from flaskapp.cache import make_redis  # noqa: E402
from flaskapp.config import Settings  # noqa: E402
from flaskapp.db import make_engine  # noqa: E402
from flaskapp.web import create_app  # noqa: E402


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> services.TestAuthority:
    return services.TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def postgresql(authority: services.TestAuthority) -> Iterator[services.Server]:
    with services.postgresql(authority) as server:
        yield server


@pytest.fixture(scope="session")
def mysql(authority: services.TestAuthority) -> Iterator[services.Server]:
    with services.mysql(authority) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(authority: services.TestAuthority) -> Iterator[services.Server]:
    with services.redis(authority) as server:
        yield server


def _environment(engine: str, server: services.Server, redis_port: int) -> dict[str, str]:
    return {
        "DATABASE_ENGINE": engine,
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(server.port),
        "DATABASE_NAME": f"t{uuid.uuid4().hex}",
        "DATABASE_USER": services.USER,
        "DATABASE_PASSWORD": services.PASSWORD,
        "DATABASE_TLS": "verify",
        "DATABASE_CA_FILE": str(server.ca_file),
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(redis_port),
        "REDIS_PASSWORD": services.PASSWORD,
        "SECRET_KEY": SECRET_KEY,
        "DRAIN_SECONDS": "0",
    }


@contextlib.contextmanager
def _new_database(environment: dict[str, str]) -> Iterator[None]:
    """Create the database named in the environment, and drop it at the end."""
    name = environment["DATABASE_NAME"]
    everywhere = {"postgresql": "postgres", "mysql": "mysql"}[environment["DATABASE_ENGINE"]]
    settings = config.load({**environment, "DATABASE_NAME": everywhere}, "migrate")
    engine = make_engine(settings.database, pool_size=1)

    def run(statement: str) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    run(f"CREATE DATABASE {name}")
    try:
        yield
    finally:
        run(f"DROP DATABASE {name}" + (" WITH (FORCE)" if everywhere == "postgres" else ""))
        engine.dispose()


@pytest.fixture(params=["postgresql", "mysql"])
def environment(request: pytest.FixtureRequest, redis_server: services.Server) -> Iterator[dict[str, str]]:
    """The variables of a service with an empty database and an empty Redis, for each engine."""
    variables = _environment(request.param, request.getfixturevalue(request.param), redis_server.port)
    with _new_database(variables):
        _flush(variables)
        yield variables


@pytest.fixture
def postgresql_environment(postgresql: services.Server, redis_server: services.Server) -> Iterator[dict[str, str]]:
    """Like `environment`, for tests that do not depend on the engine."""
    variables = _environment("postgresql", postgresql, redis_server.port)
    with _new_database(variables):
        _flush(variables)
        yield variables


def _flush(variables: dict[str, str]) -> None:
    settings = config.load(variables, "api")
    assert settings.redis is not None
    with make_redis(settings.redis) as client:
        client.flushall()


@contextlib.contextmanager
def _service(variables: dict[str, str]) -> Iterator[Service]:
    with _new_database(variables):
        settings = config.load(variables, "api")
        engine = make_engine(settings.database, pool_size=2)
        schema.upgrade(engine)
        assert settings.redis is not None
        with make_redis(settings.redis) as client:
            yield Service(variables, settings, engine, client)
        engine.dispose()


@pytest.fixture(scope="session")
def _postgresql_service(postgresql: services.Server, redis_server: services.Server) -> Iterator[Service]:
    with _service(_environment("postgresql", postgresql, redis_server.port)) as made:
        yield made


@pytest.fixture(scope="session")
def _mysql_service(mysql: services.Server, redis_server: services.Server) -> Iterator[Service]:
    with _service(_environment("mysql", mysql, redis_server.port)) as made:
        yield made


def _emptied(made: Service) -> Service:
    with made.engine.begin() as connection:
        connection.execute(text("DELETE FROM tasks"))
    made.redis.flushall()
    return made


@pytest.fixture(params=["postgresql", "mysql"])
def service(request: pytest.FixtureRequest) -> Service:
    """A service with its schema and no tasks, for each engine."""
    return _emptied(request.getfixturevalue(f"_{request.param}_service"))


@pytest.fixture
def postgresql_service(_postgresql_service: Service) -> Service:
    """Like `service`, for tests that do not depend on the engine."""
    return _emptied(_postgresql_service)


@pytest.fixture
def application() -> Iterator[t.Callable[[Settings], Flask]]:
    """Return a create_app that closes its connections after the test."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        made.append(create_app(settings))
        return made[-1]

    yield make
    for app in made:
        app.extensions["flaskapp"].stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts `flaskapp COMMAND` with the given variables."""
    with contextlib.ExitStack() as stack:

        def begin(command: str, environment: dict[str, str], **more: str) -> Program:
            port, metrics_port = services.free_port(), services.free_port()
            variables = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(SOURCE),
                "HOME": str(tmp_path),
                "PYTHONUNBUFFERED": "1",
                **environment,
                "PORT": str(port),
                "METRICS_PORT": str(metrics_port),
                **more,
            }
            log = tmp_path / f"{command}-{port}.log"
            arguments = [sys.executable, "-m", "flaskapp", command]
            # Kill it with its children at the end; other tests cover stopping.
            child = stack.enter_context(
                services.process(arguments, log, signal.SIGKILL, env=variables, cwd=tmp_path, start_new_session=True)
            )
            program = Program(child, log, port, metrics_port)
            stack.callback(program.session.close)
            return program

        yield begin
