"""One instance of the sandbox: its name, and everything that follows from it.

Two instances must never meet, so addresses, ranges, container names and folders all come from the
instance's index, and the index is handed out under a lock in one file for the whole machine.
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
PRINCIPALS = ("deployer", "alb-controller", "external-secrets")


class InstanceError(Exception):
    """An instance cannot be named, found or made; the text says why and what to do."""


def state_root() -> Path:
    """The folder that holds every instance. PostgreSQL's user must be able to enter it, so not a home."""
    return Path(os.environ.get("FLASKOPS_STATE_ROOT", "/var/lib/flaskops-eks"))


def ensure_state_root() -> Path:
    """The folder of all instances, made when it is not there."""
    root = state_root()
    if not root.exists():
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o711)  # whatever the umask is: PostgreSQL's and Redis' users must be able to enter
    return root


def default_name() -> str:
    """The instance that a command without --instance means."""
    return os.environ.get("FLASKOPS_INSTANCE") or "local"


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` so that no moment exists in which others could read it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
    temporary.replace(path)


@dataclass(frozen=True)
class Instance:
    """Names and addresses of one instance; a value, not a running thing."""

    name: str
    index: int

    region: str = "eu-west-1"
    account_id: str = "123456789012"

    @property
    def zones(self) -> tuple[str, str]:
        return (f"{self.region}a", f"{self.region}b")

    @property
    def address(self) -> str:
        """Where the load balancer listens, on real ports; only this machine reaches it."""
        return f"127.90.{self.index}.1"

    @property
    def services_address(self) -> str:
        """Put on `lo`: the one address under which machine, nodes and pods all reach the account's services.

        198.18.0.0/15 is set aside by RFC 2544 for closed test networks, so nothing real hides behind it.
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
        """The administrator's kubeconfig that kind writes; people and roles use EKS tokens instead."""
        return self.state_dir / "kind.kubeconfig"

    @classmethod
    def load(cls, name: str) -> Instance:
        """The instance of that name. InstanceError when it was never made or has been taken away."""
        index = _read_indexes().get(name)
        if index is None or not (state_root() / name).is_dir():
            raise InstanceError(f"there is no sandbox instance {name!r} on this machine: run `make up`")
        return cls(name=name, index=index)

    @classmethod
    def make(cls, name: str) -> Instance:
        """The instance of that name, with an index, folders and generated secrets of its own."""
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
        """The instance that `make` would give now, for checks that come before anything is made."""
        return cls(name=name, index=_index(name, _read_indexes()))

    @staticmethod
    def every_address() -> list[str]:
        """The addresses of all instances that may ever be, for no_proxy."""
        instances = [Instance("any", index) for index in range(MAX_INSTANCES)]
        return [address for each in instances for address in (each.address, each.services_address)]

    @staticmethod
    def names() -> list[str]:
        """Every instance that this machine knows of."""
        return sorted(_read_indexes())

    def forget(self) -> None:
        """Free the index and remove the folder; only after everything of the instance has ended."""
        shutil.rmtree(self.state_dir, ignore_errors=True)
        if self.state_dir.exists():
            raise InstanceError(f"{self.state_dir} cannot be removed: free it (a mount? `findmnt`), then `make down`")
        with _indexes_locked() as indexes:
            indexes.pop(self.name, None)

    def credentials(self) -> dict[str, dict[str, str]]:
        """Access keys by principal: {name: {user, access_key, secret_key}}."""
        return {key: value for key, value in self._secrets().items() if key in PRINCIPALS}

    def registry_password(self) -> str:
        """What `aws ecr get-login-password` would print here."""
        return str(self._secrets()["registry"]["password"])

    def _secrets(self) -> dict[str, Any]:
        return dict(json.loads(self.credentials_file.read_text(encoding="utf-8")))

    def facts(self) -> dict[str, Any]:
        """instance.json: what inventories/local needs to know. No secret is in it."""
        return dict(json.loads(self.facts_file.read_text(encoding="utf-8")))


def check_name(name: str) -> None:
    """Raise InstanceError for a name that cannot be an instance's."""
    if not NAME_PATTERN.fullmatch(name):
        raise InstanceError(
            f"FLASKOPS_INSTANCE={name!r} cannot name an instance: use a letter, then up to 19 of a-z, 0-9 and -"
        )


def _index(name: str, indexes: dict[str, int]) -> int:
    """The index that the name has, or the first free one."""
    if name in indexes:
        return indexes[name]
    free = [number for number in range(MAX_INSTANCES) if number not in indexes.values()]
    if not free:
        raise InstanceError(f"{MAX_INSTANCES} instances exist: end one with `make down`")
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
