"""Settings: errors name the variable, and secrets are never printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from app_services import MissingProgram, find

from flaskapp import cli, config
from flaskapp.config import ConfigurationError, Secret
from flaskapp.faults import Faults

GOOD = {
    "DATABASE_ENGINE": "postgresql",
    "DATABASE_HOST": "db.example.com",
    "DATABASE_NAME": "flask",
    "DATABASE_USER": "user-5ecret",
    "DATABASE_PASSWORD": "database-5ecret",
    "DATABASE_TLS": "require",
    "REDIS_HOST": "redis.example.com",
    "REDIS_PASSWORD": "redis-5ecret",
    "SECRET_KEY": "key-5ecret",
}


def test_defaults() -> None:
    settings = config.load(GOOD, "api")
    assert (settings.port, settings.metrics_port, settings.database.port) == (3000, 9090, 5432)
    assert settings.redis is not None and settings.redis.port == 6379 and not settings.redis.tls
    assert config.load({**GOOD, "DATABASE_ENGINE": "mysql"}, "api").database.port == 3306
    assert not settings.faults.errors and not settings.faults.unready


def test_release_slot_is_read_and_shown() -> None:
    settings = config.load({**GOOD, "APP_SLOT": "b"}, "worker")
    assert settings.app_slot == "b"
    assert settings.redacted()["APP_SLOT"] == "b"


@pytest.mark.parametrize(
    ("change", "variable", "wrong"),
    [
        ({"DATABASE_ENGINE": "oracle"}, "DATABASE_ENGINE", "'oracle'"),
        ({"DATABASE_ENGINE": ""}, "DATABASE_ENGINE", "not set"),
        ({"DATABASE_HOST": " "}, "DATABASE_HOST", "not set"),
        ({"DATABASE_PORT": "http"}, "DATABASE_PORT", "'http'"),
        ({"DATABASE_PORT": "65536"}, "DATABASE_PORT", "'65536'"),
        ({"DATABASE_PORT": "1.5"}, "DATABASE_PORT", "'1.5'"),
        ({"DATABASE_PASSWORD": ""}, "DATABASE_PASSWORD", "not set"),
        ({"DATABASE_PASSWORD_FILE": "/nowhere/password"}, "DATABASE_PASSWORD_FILE", "cannot be read"),
        ({"DATABASE_TLS": "on"}, "DATABASE_TLS", "'on'"),
        ({"DATABASE_TLS": "verify"}, "DATABASE_CA_FILE", "not set"),
        ({"DATABASE_TLS": ""}, "DATABASE_CA_FILE", "not set"),
        ({"DATABASE_CA_FILE": "/nowhere/ca.crt"}, "DATABASE_CA_FILE", "cannot be read"),
        ({"REDIS_HOST": ""}, "REDIS_HOST", "not set"),
        ({"REDIS_PORT": "tcp://10.100.0.7:6379"}, "REDIS_PORT", "enableServiceLinks"),
        ({"REDIS_TLS": "yes"}, "REDIS_TLS", "'yes'"),
        ({"SECRET_KEY": ""}, "SECRET_KEY", "SECRET_KEY_FILE"),
        ({"LOG_LEVEL": "info"}, "LOG_LEVEL", "'info'"),
        ({"PORT": "9090"}, "METRICS_PORT", "same as PORT"),
        ({"DRAIN_SECONDS": "nan"}, "DRAIN_SECONDS", "'nan'"),
        ({"WORKER_LEASE_SECONDS": "0"}, "WORKER_LEASE_SECONDS", "'0'"),
        ({"FAULTS": "errors=200"}, "FAULTS", "errors=200"),
        ({"FAULTS": "explode"}, "FAULTS", "explode"),
    ],
)
def test_one_wrong_variable(change: dict[str, str], variable: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        config.load({**GOOD, **change}, "api")
    assert [problem.variable for problem in caught.value.problems] == [variable]
    message = str(caught.value)
    assert wrong in message
    assert "5ecret" not in message


def test_all_problems_at_once_and_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["api"], {"DATABASE_PASSWORD": "database-5ecret", "PORT": "x"}) == 78
    output = capsys.readouterr()
    for variable in ("DATABASE_ENGINE", "DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "REDIS_HOST", "SECRET_KEY"):
        assert f"  {variable}: is not set; " in output.err
    assert "PORT: is 'x'; set it to a whole number from 1 to 65535" in output.err
    assert "5ecret" not in output.err + output.out


def test_each_command_needs_only_what_it_uses() -> None:
    without_redis = {name: value for name, value in GOOD.items() if not name.startswith(("REDIS", "SECRET"))}
    assert config.load(without_redis, "migrate").redis is None
    with pytest.raises(ConfigurationError, match="REDIS_HOST"):
        config.load(without_redis, "worker")
    assert config.load({**without_redis, "REDIS_HOST": "redis"}, "worker").secret_key is None


def test_redaction(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("file-5ecret\n")
    settings = config.load({**GOOD, "SECRET_KEY_FILE": str(path)}, "api")
    shown = settings.redacted()
    assert shown["DATABASE_HOST"] == "db.example.com"
    for variable in ("DATABASE_USER", "DATABASE_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"):
        assert shown[variable] == "(redacted)"
    assert "5ecret" not in json.dumps(shown) + repr(settings)
    # The output does not depend on the secret, not even on its length.
    assert shown == config.load({**GOOD, "SECRET_KEY": "x", "DATABASE_PASSWORD": "y"}, "api").redacted()


def test_secret_file_is_read_again_and_wins(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("first\n")
    password = config.load({**GOOD, "DATABASE_PASSWORD_FILE": str(path)}, "api").database.password
    assert password.read() == "first"
    path.write_text("second ")
    assert password.read() == "second "
    with pytest.raises(ValueError, match="either"):
        Secret()


def test_faults() -> None:
    faults = Faults.parse("delay=0.5, errors=20,unready")
    assert faults == Faults(delay=0.5, errors=20, unready=True)
    assert Faults.parse(str(faults)) == faults
    assert str(Faults()) == ""


def test_a_missing_program_names_its_package() -> None:
    with pytest.raises(MissingProgram, match="apt-get install --no-install-recommends some-package"):
        find("no-such-program", "some-package")
