"""The schema version: required by this package, found in the database, and the migration between them."""

from __future__ import annotations

import logging
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from flaskapp.health import SchemaBehind

log = logging.getLogger(__name__)

# An arbitrary constant; every version of this program must use the same one.
LOCK_KEY = 0x666C61736B617070  # "flaskapp", for PostgreSQL's bigint keys
LOCK_NAME = "flaskapp-migrate"  # for MySQL; locks are server-wide there, so the database name is added


class MigrationError(Exception):
    """The migration failed; the message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """The schema's revision before and after; None is an empty database."""

    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        return self.before != self.after


def _config() -> Config:
    config = Config()
    # Escaped, because Config interpolates percent signs.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def head() -> str:
    """Return the newest revision in this package."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise MigrationError("the package contains no migrations; rebuild it with flaskapp/migrations")
    return revision


def current(connection: Connection) -> str | None:
    """Return the database's revision; None when no migration has run."""
    return MigrationContext.configure(connection).get_current_revision()


def is_enough(found: str | None) -> bool:
    """Whether revision `found` is sufficient for this version: equal, or newer (migrations only expand).

    Raises MigrationError for a revision of another program.
    """
    if found is not None and not found.isdecimal():
        raise MigrationError(
            f"DATABASE_NAME: the database is at the unknown revision {found!r}; check that it belongs to this program"
        )
    return found is not None and int(found) >= int(head())


def check(engine: Engine) -> None:
    """Raise SchemaBehind unless the database schema is sufficient."""
    with engine.connect() as connection:
        found = current(connection)
    if not is_enough(found):
        raise SchemaBehind(f"the schema is at {found or 'nothing'}, required is {head()}; run `flaskapp migrate`")


@contextmanager
def _locked(connection: Connection, wait: float) -> Iterator[None]:
    """Hold the migration advisory lock on this connection. The lock always ends with the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": f"{int(wait * 1000)}ms"})
        connection.execute(text("SELECT set_config('statement_timeout', '0', false)"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # lock_not_available
                raise
            raise _lock_held(wait) from error
        # DDL that waits for a table lock blocks all later queries, so give up soon.
        connection.execute(text("SELECT set_config('lock_timeout', '5s', false)"))
        release, values = text("SELECT pg_advisory_unlock(:key)"), {"key": t.cast("t.Any", LOCK_KEY)}
    else:
        name = f"{LOCK_NAME}:{connection.engine.url.database}"[:64]
        # Wait in steps shorter than the driver's read timeout, which would close the connection.
        deadline = time.monotonic() + wait
        while True:
            step = max(0.0, min(10.0, deadline - time.monotonic()))
            got = connection.scalar(text("SELECT GET_LOCK(:name, :wait)"), {"name": name, "wait": step})
            if got == 1:
                break
            if time.monotonic() >= deadline:
                raise _lock_held(wait)
        connection.execute(text("SET SESSION lock_wait_timeout = 5"))
        release, values = text("SELECT RELEASE_LOCK(:name)"), {"name": name}
    connection.commit()  # the lock belongs to the connection, not the transaction
    try:
        yield
        connection.execute(release, values)
        connection.commit()
    except BaseException:
        connection.invalidate()  # ends the session on the server, and with it the lock
        raise


def _lock_held(wait: float) -> MigrationError:
    return MigrationError(
        f"another migration has held the lock for {wait:g} s; wait until the other `flaskapp migrate` has ended, "
        "then run this one again"
    )


def upgrade(engine: Engine, wait: float = 120.0) -> Outcome:
    """Migrate the database to this package's revision. A newer schema is kept (the version was rolled back).

    `wait`: seconds to wait for another running migration. Raises MigrationError, SQLAlchemyError.
    """
    config = _config()
    with engine.connect() as connection, _locked(connection, wait):
        before = current(connection)
        connection.commit()
        if is_enough(before):
            return Outcome(before, before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        after = current(connection)
        connection.commit()
        return Outcome(before, after)


def upgrade_when_reachable(engine: Engine, patience: float = 60.0) -> Outcome:
    """Run `upgrade`, but first retry the connection for up to `patience` seconds.

    The first connections of a new pod may be refused until its network policy is programmed
    (aws-network-policy-agent issues 186 and 236), and a new database may still be starting.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with engine.connect():
                break
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise MigrationError(
                    f"the database is unreachable ({str(error.orig).strip()}); check DATABASE_HOST, DATABASE_PORT, "
                    "the credentials, DATABASE_TLS, security groups and network policies"
                ) from error
            log.warning("the database is not reachable yet", extra={"cause": str(error.orig).strip()})
            time.sleep(1.0)
    return upgrade(engine)
