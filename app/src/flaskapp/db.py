"""The database engine, with TLS as configured, timeouts, and credentials read again for each connection."""

from __future__ import annotations

import ssl
import typing as t

from sqlalchemy import URL, Dialect, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from flaskapp.config import DatabaseSettings

DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
# libpq mode names; verify-full checks chain and host name (PostgreSQL documentation, "SSL Support", table 32.1).
_SSLMODES = {"disable": "disable", "require": "require", "verify": "verify-full"}
# Seconds after which pooled connections are replaced. It limits how long a connection with an old password lives.
# Connections that proxies or NAT (350 s on AWS) closed while idle are detected by the pre-ping.
POOL_RECYCLE = 1800


def _postgresql_arguments(
    database: DatabaseSettings, timeout: int, statement_timeout: int, name: str
) -> dict[str, t.Any]:
    arguments: dict[str, t.Any] = {
        "connect_timeout": max(timeout, 2),  # libpq's minimum is 2
        "sslmode": _SSLMODES[database.tls],
        "application_name": name,
        "keepalives_idle": 30,
        "tcp_user_timeout": 10_000,
        # A client that lost its connection must not hold locks for long.
        "options": f"-c statement_timeout={statement_timeout}s -c idle_in_transaction_session_timeout=60s",
    }
    if database.tls == "verify":
        arguments["sslrootcert"] = str(database.ca_file)
    return arguments


def _mysql_arguments(database: DatabaseSettings, timeout: int, statement_timeout: int) -> dict[str, t.Any]:
    arguments: dict[str, t.Any] = {
        "connect_timeout": timeout,
        "read_timeout": statement_timeout or None,
        "write_timeout": statement_timeout or None,
        "charset": "utf8mb4",
    }
    if database.tls == "disable":
        arguments["ssl_disabled"] = True
    elif database.tls == "verify":
        arguments |= {"ssl_ca": str(database.ca_file), "ssl_verify_cert": True, "ssl_verify_identity": True}
    else:
        # A context makes TLS mandatory: PyMySQL rejects a server without TLS.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # DATABASE_TLS=require means encryption only
        arguments["ssl"] = context
    return arguments


def make_engine(
    database: DatabaseSettings,
    *,
    pool_size: int = 8,
    timeout: int = 3,
    statement_timeout: int = 30,
    name: str = "flaskapp",
) -> Engine:
    """Return an engine that connects on first use.

    `timeout`: seconds to connect and to wait for the pool. `statement_timeout`: seconds per statement, 0 for no limit.
    """
    url = URL.create(DRIVERS[database.engine], host=database.host, port=database.port, database=database.name)
    if database.engine == "postgresql":
        arguments = _postgresql_arguments(database, timeout, statement_timeout, name)
    else:
        arguments = _mysql_arguments(database, timeout, statement_timeout)
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        pool_recycle=POOL_RECYCLE,
        pool_size=pool_size,
        max_overflow=2,
        pool_timeout=timeout,
        hide_parameters=True,  # keep user data out of the logs
    )

    @event.listens_for(engine, "do_connect")
    def credentials(
        dialect: Dialect, entry: ConnectionPoolEntry, arguments: list[t.Any], options: dict[str, t.Any]
    ) -> None:
        options["user"] = database.user.read()
        options["password"] = database.password.read()

    return engine
