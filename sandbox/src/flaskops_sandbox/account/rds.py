"""RDS with real PostgreSQL servers behind DB instances. moto keeps the API state.

CreateDBInstance starts a server; the status changes from `creating` to `available` with a working endpoint. Stop,
start and reboot affect the server. Not emulated: read replicas, restores, Multi-AZ (a flag only), clusters, snapshots
with data.
"""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from moto.rds.exceptions import InvalidDBInstanceStateError, InvalidParameterValue
from moto.rds.models import DBInstance, RDSBackend

from flaskops_sandbox.account import postgres
from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.postgres import PostgresServer
from flaskops_sandbox.account.processes import Processes
from flaskops_sandbox.instance import Instance

LOG = logging.getLogger(__name__)
ENGINE = "postgres"
MINIMUM_PASSWORD = 8
_FORBIDDEN_IN_PASSWORDS = '/@" '
_CREDENTIAL_PARAMETERS = ("master_user_password", "manage_master_user_password", "rotate_master_user_password")


class Databases:
    """The servers behind the DB instances, by identifier."""

    def __init__(self, instance: Instance, processes: Processes) -> None:
        self.instance = instance
        self.processes = processes
        self.servers: dict[str, PostgresServer] = {}

    def create(self, database: DBInstance, password: str | None) -> None:
        """Start a server for a DB instance in the background."""
        server = PostgresServer(self.instance, self.processes, database.db_instance_identifier)
        self.servers[database.db_instance_identifier] = server
        database.port = server.port
        database.status = "creating"
        secret = password or _managed_password(database)
        user, name = str(database.master_username), database.db_name

        def run() -> None:
            try:
                server.create(user, secret, name)
            except Exception:
                LOG.exception("DB instance %s could not be started", server.name)
                database.status = "failed"
            else:
                database.status = "available"

        threading.Thread(target=run, daemon=True).start()

    def modify(self, database: DBInstance, password: str | None) -> None:
        """Apply a changed master password to the server."""
        server = self.servers[database.db_instance_identifier]
        server.set_password(str(database.master_username), password or _managed_password(database))

    def delete(self, identifier: str) -> None:
        """Stop a server and remove its data."""
        server = self.servers.pop(identifier, None)
        if server is not None:
            server.remove()


def _managed_password(database: DBInstance) -> str:
    """Return the password that RDS manages in Secrets Manager (ManageMasterUserPassword)."""
    secret = database.master_user_secret.secret
    value = secret.versions[str(secret.default_version_id)]["secret_string"]
    return str(json.loads(value)["password"])


def install(extensions: Extensions, instance: Instance, processes: Processes) -> Databases:
    """Run a server for each of moto's DB instances."""
    databases = Databases(instance, processes)
    for name, wrap in (
        ("create_db_instance", _create),
        ("modify_db_instance", _modify),
        ("delete_db_instance", _delete),
        ("stop_db_instance", _stop),
        ("start_db_instance", _start),
        ("reboot_db_instance", _reboot),
    ):
        extensions.replace(RDSBackend, name, functools.partial(wrap, databases))
    for name in ("create_db_instance_read_replica", "create_db_cluster"):
        extensions.replace(RDSBackend, name, _refuse)

    def endpoint(self: DBInstance) -> dict[str, Any] | None:
        if self.status == "creating":
            return None  # no endpoint during creation
        return {"Address": instance.services_address, "Port": self.port}

    extensions.replace(DBInstance, "endpoint", lambda _: property(endpoint))
    extensions.replace(DBInstance, "address", lambda _: property(lambda _self: instance.services_address))
    return databases


def _refuse(_original: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(_self: RDSBackend, *_args: Any, **_kwargs: Any) -> Any:
        raise InvalidParameterValue("the sandbox runs single DB instances of engine postgres only")

    return refuse


def _check_password(password: str | None) -> None:
    """https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MasterUserPassword."""
    if password is None:
        return
    if len(password) < MINIMUM_PASSWORD or any(character in _FORBIDDEN_IN_PASSWORDS for character in password):
        raise InvalidParameterValue(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides "
            f"'/', '@', '\"', ' ' may be used, at least {MINIMUM_PASSWORD}."
        )


def _create(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def create_db_instance(self: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
        engine = db_kwargs.get("engine")
        if engine != ENGINE:
            raise InvalidParameterValue(f"Invalid DB engine: {engine}. The sandbox runs {ENGINE} only.")
        version = str(db_kwargs.get("engine_version") or postgres.VERSION)
        if version.split(".")[0] != postgres.VERSION:
            raise InvalidParameterValue(
                f"Cannot find version {version} for {ENGINE}. The sandbox runs PostgreSQL {postgres.VERSION}."
            )
        # As in RDS, version 15 selects the newest minor version, which is reported in full.
        db_kwargs["engine_version"] = postgres.release()
        password = db_kwargs.get("master_user_password")
        if not db_kwargs.get("master_username") or not (password or db_kwargs.get("manage_master_user_password")):
            raise InvalidParameterValue("MasterUsername and MasterUserPassword are needed")
        _check_password(password)
        database = original(self, db_kwargs)
        databases.create(database, password)
        return database

    return create_db_instance


def _modify(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def modify_db_instance(self: RDSBackend, db_instance_identifier: str, db_kwargs: dict[str, Any]) -> DBInstance:
        _check_password(db_kwargs.get("master_user_password"))
        if db_kwargs.get("new_db_instance_identifier"):
            raise InvalidParameterValue("the sandbox cannot rename a DB instance")
        # moto would change only its record, not the port of the server.
        db_kwargs.pop("db_port_number", None)
        database = original(self, db_instance_identifier, db_kwargs)
        if any(db_kwargs.get(name) for name in _CREDENTIAL_PARAMETERS):
            databases.modify(database, db_kwargs.get("master_user_password"))
        return database

    return modify_db_instance


def _delete(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def delete_db_instance(self: RDSBackend, db_instance_identifier: str, *args: Any, **kwargs: Any) -> DBInstance:
        known = self.databases.get(db_instance_identifier)
        if known is not None and known.status == "creating":
            raise InvalidDBInstanceStateError(db_instance_identifier, "delete")
        database = original(self, db_instance_identifier, *args, **kwargs)
        databases.delete(database.db_instance_identifier)
        return database

    return delete_db_instance


def _stop(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def stop_db_instance(self: RDSBackend, db_instance_identifier: str, *args: Any, **kwargs: Any) -> DBInstance:
        database = original(self, db_instance_identifier, *args, **kwargs)
        server = databases.servers[database.db_instance_identifier]
        server.stop()
        return database

    return stop_db_instance


def _start(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def start_db_instance(self: RDSBackend, db_instance_identifier: str) -> DBInstance:
        database = original(self, db_instance_identifier)
        databases.servers[database.db_instance_identifier].start()
        return database

    return start_db_instance


def _reboot(databases: Databases, original: Callable[..., DBInstance]) -> Callable[..., DBInstance]:
    @functools.wraps(original)
    def reboot_db_instance(self: RDSBackend, db_instance_identifier: str) -> DBInstance:
        database = original(self, db_instance_identifier)
        server = databases.servers[database.db_instance_identifier]
        server.stop()
        server.start()
        return database

    return reboot_db_instance
