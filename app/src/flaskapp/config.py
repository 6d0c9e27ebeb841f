"""Settings from environment variables and secret files: read once, checked completely, never printed with a secret."""

from __future__ import annotations

import socket
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flaskapp import __version__
from flaskapp.faults import Faults

ENGINES = {"postgresql": 5432, "mysql": 3306}
DATABASE_TLS_MODES = ("disable", "require", "verify")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
REDACTED = "(redacted)"


@dataclass(frozen=True)
class Problem:
    """One invalid variable: its name, what is wrong and what to do."""

    variable: str
    wrong: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.wrong}; {self.remedy}"


class ConfigurationError(Exception):
    """The environment is invalid; `problems` lists every invalid variable, so that one run shows them all."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class Secret:
    """A secret given as a value or as a file.

    A file is read again at every use. Kubernetes replaces the files of a mounted Secret in place, so a rotated
    password takes effect without a restart.
    """

    __slots__ = ("_path", "_value")

    def __init__(self, value: str | None = None, path: Path | None = None) -> None:
        if (value is None) == (path is None):
            raise ValueError("a secret has either a value or a path")
        self._value = value
        self._path = path

    def read(self) -> str:
        """Return the secret as it is now. Raises OSError when its file cannot be read."""
        if self._path is not None:
            return self._path.read_text(encoding="utf-8").rstrip("\r\n")
        return t.cast(str, self._value)

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"


@dataclass(frozen=True)
class DatabaseSettings:
    """How to reach the database. `tls`: disable, require (encrypted only) or verify (CA and host name checked)."""

    engine: str
    host: str
    port: int
    name: str
    user: Secret
    password: Secret
    tls: str
    ca_file: Path | None


@dataclass(frozen=True)
class RedisSettings:
    """How to reach Redis. With `tls` and no `ca_file` the system's certificate authorities are trusted."""

    host: str
    port: int
    password: Secret | None
    tls: bool
    ca_file: Path | None


@dataclass(frozen=True)
class WorkerSettings:
    """The worker's times, in seconds."""

    requeue_after_seconds: float = 30.0
    lease_seconds: float = 60.0
    grace_seconds: float = 20.0
    sweep_seconds: float = 15.0


@dataclass(frozen=True)
class Settings:
    """All settings of one process. `redis` is None for `migrate`; `secret_key` is None except for `api`."""

    database: DatabaseSettings
    redis: RedisSettings | None = None
    secret_key: Secret | None = None
    app_version: str = __version__
    app_slot: str = ""
    log_level: str = "INFO"
    port: int = 3000
    metrics_port: int = 9090
    drain_seconds: float = 5.0
    worker: WorkerSettings = field(default_factory=WorkerSettings)
    faults: Faults = field(default_factory=Faults)
    hostname: str = field(default_factory=socket.gethostname)

    def redacted(self) -> dict[str, t.Any]:
        """Return the settings by variable name, without secrets or their lengths."""
        database, redis = self.database, self.redis
        shown: dict[str, t.Any] = {
            "APP_VERSION": self.app_version,
            "APP_SLOT": self.app_slot,
            "LOG_LEVEL": self.log_level,
            "PORT": self.port,
            "METRICS_PORT": self.metrics_port,
            "DRAIN_SECONDS": self.drain_seconds,
            "DATABASE_ENGINE": database.engine,
            "DATABASE_HOST": database.host,
            "DATABASE_PORT": database.port,
            "DATABASE_NAME": database.name,
            "DATABASE_USER": REDACTED,
            "DATABASE_PASSWORD": REDACTED,
            "DATABASE_TLS": database.tls,
            "DATABASE_CA_FILE": str(database.ca_file) if database.ca_file else None,
            "SECRET_KEY": REDACTED,
            "FAULTS": str(self.faults),
        }
        if redis is not None:
            shown |= {
                "REDIS_HOST": redis.host,
                "REDIS_PORT": redis.port,
                "REDIS_PASSWORD": REDACTED,
                "REDIS_TLS": redis.tls,
                "REDIS_CA_FILE": str(redis.ca_file) if redis.ca_file else None,
            }
        return dict(sorted(shown.items()))


class _Reader:
    """Reads variables and collects all problems instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def wrong(self, variable: str, wrong: str, remedy: str) -> None:
        self.problems.append(Problem(variable, wrong, remedy))

    def text(self, variable: str, default: str | None = None, remedy: str = "") -> str:
        """Return a value. An empty one counts as not set, because charts render missing values as empty strings."""
        value = self._environ.get(variable, "").strip()
        if value:
            return value
        if default is None:
            self.wrong(variable, "is not set", remedy)
            return ""
        return default

    def choice(self, variable: str, choices: t.Iterable[str], default: str | None = None) -> str:
        choices = tuple(choices)
        value = self.text(variable, default, f"set it to one of: {', '.join(choices)}")
        if value and value not in choices:
            self.wrong(variable, f"is {value!r}", f"set it to one of: {', '.join(choices)}")
        return value

    def integer(self, variable: str, default: int, low: int, high: int) -> int:
        return int(self._number(variable, default, low, high, int, "a whole number"))

    def seconds(self, variable: str, default: float, low: float, high: float) -> float:
        return float(self._number(variable, default, low, high, float, "a number of seconds"))

    def _number(
        self, variable: str, default: float, low: float, high: float, kind: t.Callable[[str], float], what: str
    ) -> float:
        value = self.text(variable, str(default))
        remedy = f"set it to {what} from {low:g} to {high:g}"
        if value.startswith(("tcp://", "udp://")):
            # Kubernetes sets <SERVICE>_PORT=tcp://... for every Service of the namespace (docker links).
            remedy += ", or set enableServiceLinks: false in the pod (Kubernetes set it for a Service of that name)"
        try:
            number = kind(value)
        except ValueError:
            self.wrong(variable, f"is {value!r}", remedy)
            return default
        if not low <= number <= high:  # also catches nan
            self.wrong(variable, f"is {value!r}", remedy)
            return default
        return number

    def flag(self, variable: str, default: bool) -> bool:
        return self.choice(variable, ("true", "false"), "true" if default else "false") == "true"

    def file(self, variable: str) -> Path | None:
        value = self.text(variable, "")
        if not value:
            return None
        path = Path(value)
        try:
            path.read_bytes()
        except OSError as error:
            self.wrong(
                variable,
                f"names {value!r}, which cannot be read ({error.strerror})",
                "mount the file there, readable by this process, or correct the path",
            )
        return path

    def secret(self, variable: str, required: bool = True) -> Secret | None:
        """Return the content of VARIABLE_FILE, else the value of VARIABLE. Only the file follows a rotation."""
        path = self.file(f"{variable}_FILE")
        if path is not None:
            return Secret(path=path)
        value = self._environ.get(variable, "")
        if value:
            return Secret(value)
        if required:
            self.wrong(variable, "is not set", f"set it, or set {variable}_FILE to the path of a file")
        return None


def _database(reader: _Reader) -> DatabaseSettings:
    engine = reader.choice("DATABASE_ENGINE", ENGINES)
    tls = reader.choice("DATABASE_TLS", DATABASE_TLS_MODES, "verify")
    ca_file = reader.file("DATABASE_CA_FILE")
    if tls == "verify" and ca_file is None:
        reader.wrong(
            "DATABASE_CA_FILE",
            "is not set, and DATABASE_TLS is verify (its default)",
            "set it to the CA file of the database, or set DATABASE_TLS to another mode",
        )
    missing = Secret("")
    return DatabaseSettings(
        engine=engine,
        host=reader.text("DATABASE_HOST", remedy="set it to the host name of the database"),
        port=reader.integer("DATABASE_PORT", ENGINES.get(engine, 5432), 1, 65535),
        name=reader.text("DATABASE_NAME", remedy="set it to the name of the database"),
        user=reader.secret("DATABASE_USER") or missing,
        password=reader.secret("DATABASE_PASSWORD") or missing,
        tls=tls,
        ca_file=ca_file,
    )


def _redis(reader: _Reader) -> RedisSettings:
    return RedisSettings(
        host=reader.text("REDIS_HOST", remedy="set it to the host name of Redis"),
        port=reader.integer("REDIS_PORT", 6379, 1, 65535),
        password=reader.secret("REDIS_PASSWORD", required=False),
        tls=reader.flag("REDIS_TLS", False),
        ca_file=reader.file("REDIS_CA_FILE"),
    )


def _worker(reader: _Reader) -> WorkerSettings:
    return WorkerSettings(
        requeue_after_seconds=reader.seconds("WORKER_REQUEUE_AFTER_SECONDS", 30, 0.1, 86400),
        lease_seconds=reader.seconds("WORKER_LEASE_SECONDS", 60, 1, 86400),
        grace_seconds=reader.seconds("WORKER_GRACE_SECONDS", 20, 0, 3600),
        sweep_seconds=reader.seconds("WORKER_SWEEP_SECONDS", 15, 0.1, 3600),
    )


def load(environ: Mapping[str, str], command: str) -> Settings:
    """Read the settings that `command` (api, worker or migrate) needs.

    Raises ConfigurationError with every problem found.
    """
    reader = _Reader(environ)
    database = _database(reader)
    redis = None if command == "migrate" else _redis(reader)
    secret_key = reader.secret("SECRET_KEY") if command == "api" else None
    log_level = reader.choice("LOG_LEVEL", LOG_LEVELS, "INFO")
    port = reader.integer("PORT", 3000, 1, 65535)
    metrics_port = reader.integer("METRICS_PORT", 9090, 1, 65535)
    if port == metrics_port and command != "migrate":
        reader.wrong("METRICS_PORT", f"is {metrics_port}, the same as PORT", "set it to another port")
    faults = Faults()
    try:
        faults = Faults.parse(environ.get("FAULTS", ""))
    except ValueError as error:
        reader.wrong("FAULTS", str(error), "correct or unset it (it injects faults for tests)")
    settings = Settings(
        database=database,
        redis=redis,
        secret_key=secret_key,
        app_version=reader.text("APP_VERSION", __version__),
        app_slot=reader.text("APP_SLOT", ""),
        log_level=log_level,
        port=port,
        metrics_port=metrics_port,
        drain_seconds=reader.seconds("DRAIN_SECONDS", 5, 0, 300),
        worker=_worker(reader),
        faults=faults,
    )
    if reader.problems:
        raise ConfigurationError(reader.problems)
    return settings
