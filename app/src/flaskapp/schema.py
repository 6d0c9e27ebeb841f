"""The schema's version: what this package needs, what the database has, and the way from one to the other."""

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

# Any constant does, as long as every version of this program uses the same one in its database.
LOCK_KEY = 0x666C61736B617070  # "flaskapp", for PostgreSQL's bigint keys
LOCK_NAME = "flaskapp-migrate"  # for MySQL, whose locks are server-wide: the database's name is added


class MigrationError(Exception):
    """The schema could not be brought up; the message says why and what to do."""


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
        raise MigrationError("The package holds no migration. Build it again with flaskapp/migrations in it.")
    return revision


def current(connection: Connection) -> str | None:
    """Return the database's revision; None when no migration has run."""
    return MigrationContext.configure(connection).get_current_revision()


def is_enough(found: str | None) -> bool:
    """Whether a database at revision `found` serves this version: equal, or newer (migrations only expand).

    Raises MigrationError for a revision of another program.
    """
    if found is not None and not found.isdecimal():
        raise MigrationError(
            f"The database is at revision {found!r}, which is not one of this program's. Check DATABASE_NAME."
        )
    return found is not None and int(found) >= int(head())


def check(engine: Engine) -> None:
    """Raise SchemaBehind unless the database's schema is enough."""
    with engine.connect() as connection:
        found = current(connection)
    if not is_enough(found):
        raise SchemaBehind(f"the schema is at {found or 'nothing'}, needed is {head()}: run `flaskapp migrate`")


@contextmanager
def _locked(connection: Connection, wait: float) -> Iterator[None]:
    """Hold the advisory lock of the migrations on this connection; it goes with the connection in any case."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": f"{int(wait * 1000)}ms"})
        connection.execute(text("SELECT set_config('statement_timeout', '0', false)"))
        try:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != "55P03":  # lock_not_available
                raise
            raise _lock_held(wait) from error
        # A change that waits for a table's lock holds up everybody who comes after it: give up soon instead.
        connection.execute(text("SELECT set_config('lock_timeout', '5s', false)"))
        release, values = text("SELECT pg_advisory_unlock(:key)"), {"key": t.cast("t.Any", LOCK_KEY)}
    else:
        name = f"{LOCK_NAME}:{connection.engine.url.database}"[:64]
        # In steps below the driver's read timeout, which would otherwise cut the connection while it waits.
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
    connection.commit()  # the lock belongs to the connection, not to the transaction
    try:
        yield
        connection.execute(release, values)
        connection.commit()
    except BaseException:
        connection.invalidate()  # ends the server's session and so the lock, whatever state it is in
        raise


def _lock_held(wait: float) -> MigrationError:
    return MigrationError(
        f"Another migration has held the lock for {wait:g} s. Look for a second `flaskapp migrate` that still runs; "
        "when it has ended, run this one again."
    )


def upgrade(engine: Engine, wait: float = 120.0) -> Outcome:
    """Bring the database to this package's revision; a newer one is left alone (the version was rolled back).

    `wait`: seconds to wait for another migration that runs right now. Raises MigrationError, SQLAlchemyError.
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
    """Like `upgrade`, but try for `patience` seconds to connect first.

    The first connections of a new pod may be refused while its network policy is being programmed
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
                    f"The database cannot be reached ({str(error.orig).strip()}). Check DATABASE_HOST, DATABASE_PORT, "
                    "the credentials, DATABASE_TLS, and security groups and network policies on the way."
                ) from error
            log.warning("the database cannot be reached yet", extra={"cause": str(error.orig).strip()})
            time.sleep(1.0)
    return upgrade(engine)
