"""Fakes and helpers for the tests of the account."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from flaskops_sandbox.account.server import Account
from flaskops_sandbox.instance import Instance

# One session for all tests: it keeps the service models that it has read.
SESSION = boto3.Session()
TRUST = '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "{}"}}}}]}}'


class LoopbackInstance(Instance):
    """An instance whose services need no address on `lo`."""

    @property
    def services_address(self) -> str:
        return "127.0.0.1"


@dataclass(frozen=True)
class FakeClusterInfo:
    endpoint: str = "https://127.0.0.1:6443"
    certificate_authority_data: str = "Q0E="


@dataclass(frozen=True)
class FakeNode:
    name: str
    zone: str
    instance_id: str
    internal_ip: str
    pod_cidr: str


@dataclass
class FakeKubernetes:
    """Remembers what it was asked; `fail` makes the named function raise, `hold` makes it wait."""

    calls: list[tuple[str, Any]] = field(default_factory=list)
    fail: set[str] = field(default_factory=set)
    hold: threading.Event = field(default_factory=threading.Event)
    instance_ids: dict[str, str] = field(default_factory=dict)

    def _called(self, name: str, details: Any) -> None:
        self.calls.append((name, details))
        if name in self.fail:
            raise RuntimeError(f"{name} was told to fail")

    def create(self, _instance: Instance, name: str, version: str, instance_ids: dict[str, str]) -> FakeClusterInfo:
        self._called("create", (name, version, instance_ids))
        self.instance_ids = instance_ids
        return FakeClusterInfo()

    def join_nodes(
        self, _instance: Instance, _name: str, labels: dict[str, str], taints: list[dict[str, str]]
    ) -> list[FakeNode]:
        self._called("join_nodes", (labels, taints))
        return [
            FakeNode(f"worker{number}", zone, instance_id, f"172.30.0.{number + 3}", f"10.200.{number + 1}.0/24")
            for number, (zone, instance_id) in enumerate(self.instance_ids.items())
        ]

    def label_nodes(self, _instance: Instance, _name: str, labels: Any, taints: Any = None) -> None:
        self._called("label_nodes", (labels, taints))

    def drain_out(self, _instance: Instance, _name: str) -> None:
        self._called("drain_out", None)

    def delete(self, _instance: Instance, _name: str) -> None:
        self._called("delete", None)


@dataclass
class Running:
    """An account that answers, and clients of it."""

    account: Account
    kubernetes: FakeKubernetes
    url: str
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, user: str = "deployer", **overrides: Any) -> Any:
        """A client of a service, made once a user: making one costs more than most tests."""
        if not overrides and (service, user) in self._clients:
            return self._clients[service, user]
        keys = self.account.instance.credentials()[user]
        settings = {
            "aws_access_key_id": keys["access_key"],
            "aws_secret_access_key": keys["secret_key"],
            "aws_session_token": None,
            "parameter_validation": True,
        } | overrides
        validate = settings.pop("parameter_validation")
        client = SESSION.client(
            service,
            region_name="eu-west-1",
            endpoint_url=self.url,
            config=Config(retries={"max_attempts": 0}, parameter_validation=bool(validate)),
            **settings,
        )
        if not overrides:
            self._clients[service, user] = client
        return client

    def role(self, name: str, service: str) -> str:
        iam = self.client("iam")
        return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST.format(service))["Role"]["Arn"])


def eventually(check: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What `check` returns once it is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Network:
    """A VPC with a subnet in each of two zones."""

    vpc_id: str
    subnet_ids: list[str]


def create_cluster(running: Running, network: Network, name: str = "dev", **overrides: Any) -> dict[str, Any]:
    eks = running.client("eks")
    with contextlib.suppress(running.client("iam").exceptions.EntityAlreadyExistsException):
        running.role("cluster", "eks.amazonaws.com")
    wanted = {
        "name": name,
        "roleArn": "arn:aws:iam::123456789012:role/cluster",
        "resourcesVpcConfig": {"subnetIds": network.subnet_ids},
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "tags": {"team": "a"},
    }
    eks.create_cluster(**(wanted | overrides))
    return dict(
        eventually(lambda: (found := eks.describe_cluster(name=name)["cluster"])["status"] != "CREATING" and found)
    )


def calls(running: Running, since: int = 0) -> list[dict[str, Any]]:
    """What the log of calls holds."""
    with urllib.request.urlopen(f"{running.url}/_sandbox/calls?since={since}") as answer:
        return list(json.load(answer)["calls"])


def code_of(call: Any, **params: Any) -> str:
    """The error code that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])
