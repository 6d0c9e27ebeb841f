"""TLS connections with verification, and password rotation in a running service."""

from __future__ import annotations

import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from app_programs import Start
from app_services import PASSWORD, Server, TestAuthority, redis, wait_until
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from flaskapp import config, schema
from flaskapp.cache import make_redis
from flaskapp.db import make_engine

ENCRYPTED = {
    "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mysql": "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'",
}


def ask(environment: dict[str, str], statement: str) -> t.Any:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=1)
    try:
        with engine.connect() as connection:
            return connection.scalar(text(statement))
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("mode", "host", "encrypted"),
    [
        ("verify", "127.0.0.1", True),
        ("verify", "localhost", True),
        ("require", "127.0.0.1", True),
        ("disable", "127.0.0.1", False),
    ],
)
def test_modes(environment: dict[str, str], mode: str, host: str, encrypted: bool) -> None:
    changed = {**environment, "DATABASE_TLS": mode, "DATABASE_HOST": host}
    assert bool(ask(changed, ENCRYPTED[environment["DATABASE_ENGINE"]])) is encrypted


def test_verify_rejects_an_unknown_ca(environment: dict[str, str], tmp_path: Path) -> None:
    other = TestAuthority(tmp_path, "another CA")
    with pytest.raises(OperationalError, match=r"(?i)certificate verify failed"):
        ask({**environment, "DATABASE_CA_FILE": str(other.ca_file)}, "SELECT 1")


def test_verify_rejects_another_host_name(environment: dict[str, str]) -> None:
    with pytest.raises(OperationalError, match=r"(?i)(does not match|mismatch)"):
        ask({**environment, "DATABASE_HOST": "127.0.0.2"}, "SELECT 1")
    assert ask({**environment, "DATABASE_HOST": "127.0.0.2", "DATABASE_TLS": "require"}, "SELECT 1") == 1


@pytest.fixture(scope="module")
def redis_tls(authority: TestAuthority) -> Iterator[Server]:
    with redis(authority, tls=True) as server:
        yield server


def test_redis_tls(redis_tls: Server, postgresql_environment: dict[str, str], tmp_path: Path) -> None:
    def ping(**change: str) -> bool:
        variables = {
            **postgresql_environment,
            "REDIS_PORT": str(redis_tls.port),
            "REDIS_TLS": "true",
            "REDIS_CA_FILE": str(redis_tls.ca_file),
            **change,
        }
        settings = config.load(variables, "worker").redis
        assert settings is not None
        with make_redis(settings, retries=0) as client:
            return bool(client.ping())

    assert ping() and ping(REDIS_HOST="localhost")
    other = TestAuthority(tmp_path, "another CA")
    with pytest.raises(RedisConnectionError, match=r"(?i)certificate"):
        ping(REDIS_CA_FILE=str(other.ca_file))
    with pytest.raises(RedisConnectionError, match=r"(?i)certificate"):
        ping(REDIS_HOST="127.0.0.2")
    with pytest.raises(RedisConnectionError, match=r"(?i)certificate"):
        ping(REDIS_CA_FILE="")  # the system CAs do not include the test CA
    with pytest.raises(RedisConnectionError):
        ping(REDIS_TLS="false")


def change_password(environment: dict[str, str], user: str, password: str) -> None:
    statement = (
        f"ALTER ROLE {user} PASSWORD '{password}'"
        if environment["DATABASE_ENGINE"] == "postgresql"
        else f"ALTER USER '{user}'@'%' IDENTIFIED BY '{password}'"
    )
    _admin(environment, statement)


def _admin(environment: dict[str, str], *statements: str) -> None:
    engine = make_engine(config.load(environment, "migrate").database, pool_size=1)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def rotating(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[dict[str, str], Path, str]]:
    """A database user with its password in a file."""
    user, path = f"u{time.time_ns()}", tmp_path / "password"
    path.write_text("first-password\n")
    name = environment["DATABASE_NAME"]
    if environment["DATABASE_ENGINE"] == "postgresql":
        _admin(
            environment, f"CREATE ROLE {user} LOGIN PASSWORD 'first-password'", f"ALTER DATABASE {name} OWNER TO {user}"
        )
    else:
        _admin(
            environment,
            f"CREATE USER '{user}'@'%' IDENTIFIED BY 'first-password'",
            f"GRANT ALL ON {name}.* TO '{user}'@'%'",
        )
    yield {**environment, "DATABASE_USER": user, "DATABASE_PASSWORD_FILE": str(path)}, path, user
    if environment["DATABASE_ENGINE"] == "mysql":
        _admin(environment, f"DROP USER '{user}'@'%'")


def test_password_rotates_without_a_restart(
    rotating: tuple[dict[str, str], Path, str], environment: dict[str, str], start: Start
) -> None:
    variables, path, user = rotating
    engine = make_engine(config.load(variables, "migrate").database, pool_size=1)
    schema.upgrade(engine)
    api = start("api", variables)
    api.wait_for("/ready")
    pid = api.child.pid
    change_password(environment, user, "second-password")
    path.write_text("second-password\n")
    engine.dispose()  # the next connection is a new one
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
    _terminate_sessions(environment, user)
    # The server closes the old connections. The pre-ping replaces dead ones, so the next request succeeds.
    for _ in range(3):
        assert requests.get(api.url("/tasks"), timeout=5).status_code == 200
    wait_until(lambda: api.get("/status").json()["dependencies"]["database"]["state"] == "up", "health reconnects", 12)
    assert api.child.poll() is None and api.child.pid == pid
    assert PASSWORD not in api.output() and "second-password" not in api.output()


def _terminate_sessions(environment: dict[str, str], user: str) -> None:
    if environment["DATABASE_ENGINE"] == "postgresql":
        sessions = f"FROM pg_stat_activity WHERE usename = '{user}'"
        _admin(environment, f"SELECT pg_terminate_backend(pid) {sessions}")
    else:
        _admin(environment, f"KILL USER '{user}'@'%'")
