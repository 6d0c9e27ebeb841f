"""A PostgreSQL server for one DB instance: TLS only, SCRAM only, data in state_dir/rds/<id>.

As on RDS, the master user is not a superuser: it may create databases and roles and owns the initial database. Only
root and the system user of the server can use the superuser `rdsadmin`, over a local socket without a password.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from flaskops_sandbox import ca
from flaskops_sandbox.account.processes import ProcessError, Processes
from flaskops_sandbox.instance import Instance, write_private

BINARIES = Path("/usr/lib/postgresql/15/bin")
VERSION = "15"
SYSTEM_USER = "postgres"
ADMIN = "rdsadmin"
FIRST_PORT = 5432
INITDB_SECONDS = 60.0


@functools.cache
def release() -> str:
    """Return the full version of the installed server, for example 15.18."""
    told = subprocess.run([BINARIES / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return next(word for word in told.split() if word[0].isdigit())


class PostgresServer:
    """One server. `name` is the DB instance identifier."""

    def __init__(self, instance: Instance, processes: Processes, name: str) -> None:
        self.instance = instance
        self.processes = processes
        self.name = name
        self.process_name = f"rds-{name}"
        self.folder = instance.state_dir / "rds" / name
        self.data = self.folder / "data"
        self.address = instance.services_address
        self.port = processes.reserve_port(self.process_name, self.address, FIRST_PORT)

    def create(self, user: str, password: str, database: str | None) -> None:
        """Initialise and start the server, and create master user and database. Raises ProcessError."""
        self._prepare()
        self.start()
        with self._admin() as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                    sql.Identifier(user), sql.Literal(self._verifier(connection, user, password))
                )
            )
            if database:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(user))
                )

    def start(self) -> None:
        """Start the server with its data."""
        self.processes.start(
            self.process_name,
            [BINARIES / "postgres", "-D", self.data],
            ready=self._is_ready,
            user=SYSTEM_USER,
            cwd=self.folder,
            stop_signal=signal.SIGINT,  # "fast shutdown" ends sessions instead of waiting for them
        )

    def set_password(self, user: str, password: str) -> None:
        """Change the password of the master user."""
        with self._admin() as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(user), sql.Literal(self._verifier(connection, user, password))
                )
            )

    def stop(self) -> None:
        """Stop the server and keep its data."""
        self.processes.stop(self.process_name)

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.stop()
        self.processes.release_port(self.process_name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(mode=0o711, exist_ok=True)
        self.folder.parent.chmod(0o711)
        self.folder.mkdir(mode=0o700)
        shutil.chown(self.folder, SYSTEM_USER, SYSTEM_USER)
        try:
            subprocess.run(
                [
                    BINARIES / "initdb", "--pgdata", self.data, "--username", ADMIN, "--encoding", "UTF8",
                    "--locale", "C.UTF-8", "--auth-local", "peer", "--auth-host", "scram-sha-256", "--no-instructions",
                    "--no-sync",
                ],
                check=True, capture_output=True, text=True, user=SYSTEM_USER, group=SYSTEM_USER, extra_groups=[],
                cwd=self.folder, timeout=INITDB_SECONDS,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise ProcessError(f"{BINARIES}/initdb is not installed: install the package postgresql-15") from error
        except subprocess.CalledProcessError as error:
            raise ProcessError(f"initdb failed for {self.name}: {error.stderr.strip()}") from error
        chain, key = ca.issue(self.instance, self.process_name, [f"{self.name}.rds.flaskops.internal"], [self.address])
        for source, target in ((chain, "server.crt"), (key, "server.key")):
            write_private(self.data / target, source.read_text(encoding="utf-8"))
        settings: dict[str, Any] = {
            "listen_addresses": self.address,
            "port": self.port,
            "unix_socket_directories": str(self.folder),
            "ssl": "on",
            "ssl_cert_file": "server.crt",
            "ssl_key_file": "server.key",
            "ssl_min_protocol_version": "TLSv1.2",
            "password_encryption": "scram-sha-256",
            "shared_buffers": "32MB",
            "max_connections": 100,
            "log_min_error_statement": "panic",  # a failed statement could contain a secret
        }
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as stream:
            stream.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        write_private(
            self.data / "pg_hba.conf",
            f"local all {ADMIN} peer map=sandbox\n"
            f"host all {ADMIN} 0.0.0.0/0 reject\n"
            "hostssl all all 0.0.0.0/0 scram-sha-256\n",
        )
        write_private(self.data / "pg_ident.conf", f"sandbox root {ADMIN}\nsandbox {SYSTEM_USER} {ADMIN}\n")
        for name in ("server.crt", "server.key", "pg_hba.conf", "pg_ident.conf"):
            shutil.chown(self.data / name, SYSTEM_USER, SYSTEM_USER)

    def _admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=ADMIN, dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _is_ready(self) -> bool:
        try:
            self._admin().close()
        except psycopg.OperationalError:
            return False
        return True

    @staticmethod
    def _verifier(connection: psycopg.Connection[Any], user: str, password: str) -> str:
        """Return the SCRAM verifier, created by the client, so that no statement or log contains the password."""
        return connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()


def is_installed() -> bool:
    """Whether the Debian package is installed."""
    return os.access(BINARIES / "postgres", os.X_OK)
