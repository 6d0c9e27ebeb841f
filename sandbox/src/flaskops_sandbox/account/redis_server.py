"""A Redis server for one replication group: TLS with the sandbox CA, data in state_dir/elasticache/<id>.

The configuration contains tokens only as SHA-256 hashes (an ACL of the default user). The account manages the server
over a local socket, as a user whose password is kept in memory only.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from pathlib import Path

import redis

from flaskops_sandbox import ca
from flaskops_sandbox.account.processes import Processes
from flaskops_sandbox.instance import Instance, write_private

PROGRAM = Path("/usr/bin/redis-server")
SYSTEM_USER = "redis"
ADMIN = "sandbox-admin"
FIRST_PORT = 6379
OPEN_USER = "user default on nopass ~* &* +@all"


class RedisServer:
    """One server. `name` is the replication group id, `tls` the value of TransitEncryptionEnabled."""

    def __init__(self, instance: Instance, processes: Processes, name: str, *, tls: bool) -> None:
        self.instance = instance
        self.processes = processes
        self.name = name
        self.tls = tls
        self.process_name = f"elasticache-{name}"
        self.folder = instance.state_dir / "elasticache" / name
        self.address = instance.services_address
        self.port = processes.reserve_port(self.process_name, self.address, FIRST_PORT)
        self._socket = self.folder / "redis.sock"
        self._admin_password = secrets.token_urlsafe(24)
        self._hashes: list[str] = []

    def create(self, auth_token: str | None) -> None:
        """Configure and start the server. Raises ProcessError."""
        self._hashes = [_hash(auth_token)] if auth_token else []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(mode=0o711, exist_ok=True)
        self.folder.parent.chmod(0o711)
        self.folder.mkdir(mode=0o700)
        chain, key = ca.issue(
            self.instance, self.process_name, [f"{self.name}.cache.flaskops.internal"], [self.address]
        )
        for source, target in ((chain, "server.crt"), (key, "server.key"), (self.instance.ca_file, "ca.crt")):
            write_private(self.folder / target, source.read_text(encoding="utf-8"))
        config = self.folder / "redis.conf"
        write_private(config, self._config())
        for path in (self.folder, *self.folder.iterdir()):
            shutil.chown(path, SYSTEM_USER, SYSTEM_USER)
        self.processes.start(
            self.process_name, [PROGRAM, config], ready=self._is_ready, user=SYSTEM_USER, cwd=self.folder
        )

    def set_tokens(self, auth_token: str, *, keep_old: bool) -> None:
        """Set a new token, in addition to the old one (strategy ROTATE) or instead of it (SET)."""
        self._hashes = [*(self._hashes if keep_old else []), _hash(auth_token)]
        with self._admin() as client:
            client.execute_command("ACL", "SETUSER", "default", "reset", *self._rules())
        write_private(self.folder / "redis.conf", self._config())
        shutil.chown(self.folder / "redis.conf", SYSTEM_USER, SYSTEM_USER)

    def remove(self) -> None:
        """Stop the server and remove its data."""
        self.processes.stop(self.process_name)
        self.processes.release_port(self.process_name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _rules(self) -> list[str]:
        return ["on", *(f"#{known}" for known in self._hashes), "~*", "&*", "+@all"]

    def _config(self) -> str:
        lines = [
            f"bind {self.address}",
            f"dir {self.folder}",
            f"unixsocket {self._socket}",
            "unixsocketperm 700",
            # Keep the arguments in the process title, because they identify the sandbox instance.
            "set-proc-title no",
            "protected-mode no",
            'save ""',
            f"user default {' '.join(self._rules())}" if self._hashes else OPEN_USER,
            f"user {ADMIN} on #{_hash(self._admin_password)} ~* &* +@all",
        ]
        if self.tls:
            lines += [
                "port 0",
                f"tls-port {self.port}",
                "tls-cert-file server.crt",
                "tls-key-file server.key",
                "tls-ca-cert-file ca.crt",
                "tls-auth-clients no",
                'tls-protocols "TLSv1.2 TLSv1.3"',
            ]
        else:
            lines.append(f"port {self.port}")
        return "\n".join(lines) + "\n"

    def _admin(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket), username=ADMIN, password=self._admin_password)

    def _is_ready(self) -> bool:
        try:
            with self._admin() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def is_installed() -> bool:
    """Whether the Debian package is installed."""
    return os.access(PROGRAM, os.X_OK)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
