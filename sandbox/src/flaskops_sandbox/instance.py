"""One sandbox instance: its name and all values derived from it.

Instances must not collide, so addresses, ranges, container names and directories are derived from the index of the
instance. The index is assigned under a lock in one machine-wide file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,19}")
MAX_INSTANCES = 50
PRINCIPALS = ("deployer", "alb-controller", "external-secrets", "external-dns")


class InstanceError(Exception):
    """An instance has an invalid name, does not exist or cannot be created. The message says what to do."""


def state_root() -> Path:
    """Return the directory of all instances. PostgreSQL's user needs access to it, so it is not in a home directory."""
    return Path(os.environ.get("FLASKOPS_STATE_ROOT", "/var/lib/flaskops-eks"))


def ensure_state_root() -> Path:
    """Create the directory of all instances if it is missing."""
    root = state_root()
    if not root.exists():
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o711)  # independent of the umask: the users of PostgreSQL and Redis need access
    return root


def default_name() -> str:
    """Return the default instance name."""
    return os.environ.get("FLASKOPS_INSTANCE") or "local"


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` to a file that other users can never read, not even during creation."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
    temporary.replace(path)


@dataclass(frozen=True)
class Instance:
    """Names and addresses of one instance. This is a value; it does not manage processes."""

    name: str
    index: int

    region: str = "eu-west-1"
    account_id: str = "123456789012"

    @property
    def zones(self) -> tuple[str, str]:
        return (f"{self.region}a", f"{self.region}b")

    @property
    def address(self) -> str:
        """Address of the load balancer, with standard ports; reachable from this machine only."""
        return f"127.90.{self.index}.1"

    @property
    def services_address(self) -> str:
        """Address on `lo` at which machine, nodes and pods reach the services of the account.

        198.18.0.0/15 is reserved by RFC 2544 for test networks, so it does not collide with real addresses.
        """
        return f"198.18.77.{self.index + 1}"

    @property
    def network(self) -> str:
        return f"flaskops-{self.name}"

    @property
    def network_subnet(self) -> str:
        return f"172.30.{self.index}.0/24"

    @property
    def pod_cidr(self) -> str:
        return f"10.{200 + self.index}.0.0/16"

    @property
    def service_cidr(self) -> str:
        return f"10.{100 + self.index}.0.0/16"

    @property
    def aws_endpoint_url(self) -> str:
        return f"http://{self.services_address}:4566"

    @property
    def registry(self) -> str:
        """Host and port of the registry behind ECR."""
        return f"{self.services_address}:5000"

    @property
    def state_dir(self) -> Path:
        return state_root() / self.name

    @property
    def log_dir(self) -> Path:
        return self.state_dir / "log"

    @property
    def run_dir(self) -> Path:
        return self.state_dir / "run"

    @property
    def certs_dir(self) -> Path:
        return self.state_dir / "certs"

    @property
    def ca_file(self) -> Path:
        return self.state_dir / "ca.crt"

    @property
    def ca_key_file(self) -> Path:
        return self.state_dir / "ca.key"

    @property
    def facts_file(self) -> Path:
        return self.state_dir / "instance.json"

    @property
    def credentials_file(self) -> Path:
        return self.state_dir / "credentials.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator kubeconfig written by kind. Users and roles use EKS tokens instead."""
        return self.state_dir / "kind.kubeconfig"

    @classmethod
    def load(cls, name: str) -> Instance:
        """Return an existing instance. Raises InstanceError if it does not exist."""
        index = _read_indexes().get(name)
        if index is None or not (state_root() / name).is_dir():
            raise InstanceError(f"instance {name!r}: does not exist on this machine; run `make up`")
        return cls(name=name, index=index)

    @classmethod
    def make(cls, name: str) -> Instance:
        """Create an instance with its own index, directories and generated secrets, or return the existing one."""
        check_name(name)
        with _indexes_locked() as indexes:
            instance = cls(name=name, index=_index(name, indexes))
            indexes[name] = instance.index
        for folder in (instance.state_dir, instance.log_dir, instance.run_dir, instance.certs_dir):
            folder.mkdir(parents=True, exist_ok=True)
        instance.state_dir.chmod(0o711)
        instance.run_dir.chmod(0o700)
        instance.certs_dir.chmod(0o711)
        if not instance.credentials_file.exists():
            write_private(instance.credentials_file, json.dumps(_new_credentials(), indent=2))
        return instance

    @classmethod
    def expected(cls, name: str) -> Instance:
        """Return the instance that `make` would create, for checks before creation."""
        return cls(name=name, index=_index(name, _read_indexes()))

    @staticmethod
    def every_address() -> list[str]:
        """Return the addresses of all possible instances, for no_proxy."""
        instances = [Instance("any", index) for index in range(MAX_INSTANCES)]
        return [address for each in instances for address in (each.address, each.services_address)]

    @staticmethod
    def names() -> list[str]:
        """Return the names of all instances on this machine."""
        return sorted(_read_indexes())

    def forget(self) -> None:
        """Free the index and remove the directory, after all resources of the instance are removed."""
        shutil.rmtree(self.state_dir, ignore_errors=True)
        if self.state_dir.exists():
            raise InstanceError(f"{self.state_dir}: cannot be removed; check `findmnt`, then run `make down`")
        with _indexes_locked() as indexes:
            indexes.pop(self.name, None)

    def credentials(self) -> dict[str, dict[str, str]]:
        """Return access keys by principal: {name: {user, access_key, secret_key}}."""
        return {key: value for key, value in self._secrets().items() if key in PRINCIPALS}

    def registry_password(self) -> str:
        """Return the password of the registry, as `aws ecr get-login-password` would."""
        return str(self._secrets()["registry"]["password"])

    def _secrets(self) -> dict[str, Any]:
        return dict(json.loads(self.credentials_file.read_text(encoding="utf-8")))

    def facts(self) -> dict[str, Any]:
        """Return instance.json, the values for inventories/local. It contains no secrets."""
        return dict(json.loads(self.facts_file.read_text(encoding="utf-8")))


def check_name(name: str) -> None:
    """Raise InstanceError for an invalid instance name."""
    if not NAME_PATTERN.fullmatch(name):
        raise InstanceError(
            f"FLASKOPS_INSTANCE: {name!r} is not a valid name; use a letter followed by up to 19 of a-z, 0-9 and -"
        )


def _index(name: str, indexes: dict[str, int]) -> int:
    """Return the index of the name, or the first free one."""
    if name in indexes:
        return indexes[name]
    free = [number for number in range(MAX_INSTANCES) if number not in indexes.values()]
    if not free:
        raise InstanceError(f"the maximum of {MAX_INSTANCES} instances exists; remove one with `make down`")
    return free[0]


def _new_credentials() -> dict[str, dict[str, str]]:
    upper = string.ascii_uppercase + "234567"
    made = {
        principal: {
            "user": principal,
            "access_key": "AKIA" + "".join(secrets.choice(upper) for _ in range(16)),
            "secret_key": secrets.token_urlsafe(30),
        }
        for principal in PRINCIPALS
    }
    made["registry"] = {"user": "AWS", "password": secrets.token_urlsafe(32)}
    return made


def _indexes_file() -> Path:
    return state_root() / "instances.json"


def _read_indexes() -> dict[str, int]:
    try:
        return dict(json.loads(_indexes_file().read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


@contextlib.contextmanager
def _indexes_locked() -> Iterator[dict[str, int]]:
    with (ensure_state_root() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        indexes = _read_indexes()
        yield indexes
        write_private(_indexes_file(), json.dumps(indexes), mode=0o644)
