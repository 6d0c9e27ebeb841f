"""State of EKS. `record` fields are shapes of the API; all other fields are private."""

from __future__ import annotations

import datetime
import logging
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flaskops_sandbox.account.eks.errors import ResourceNotFound
from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.instance import Instance

Record = dict[str, Any]
LOG = logging.getLogger(__name__)


class NodeInfo(Protocol):
    """A joined node, as reported by flaskops_sandbox.kubernetes.cluster."""

    @property
    def instance_id(self) -> str: ...

    @property
    def pod_cidr(self) -> str: ...


class ClusterInfo(Protocol):
    """A running cluster, as reported by flaskops_sandbox.kubernetes.cluster."""

    @property
    def endpoint(self) -> str: ...

    @property
    def certificate_authority_data(self) -> str: ...


class Kubernetes(Protocol):
    """The functions of flaskops_sandbox.kubernetes.cluster that EKS uses; tests pass a fake."""

    def create(self, instance: Instance, name: str, version: str, instance_ids: dict[str, str]) -> ClusterInfo: ...

    def join_nodes(
        self, instance: Instance, name: str, labels: dict[str, str], taints: list[dict[str, str]]
    ) -> Sequence[NodeInfo]: ...

    def label_nodes(
        self, instance: Instance, name: str, labels: dict[str, str | None], taints: list[dict[str, str]] | None = None
    ) -> None: ...

    def drain_out(self, instance: Instance, name: str) -> None: ...

    def delete(self, instance: Instance, name: str) -> None: ...


@dataclass
class Nodegroup:
    record: Record
    instance_ids: list[str] = field(default_factory=list)
    applied_labels: dict[str, str] = field(default_factory=dict)


@dataclass
class AccessEntry:
    record: Record
    policies: dict[str, Record] = field(default_factory=dict)


@dataclass
class Update:
    """`target` is "" for the cluster itself, "nodegroup/<name>" or "addon/<name>"."""

    record: Record
    target: str


@dataclass
class Cluster:
    record: Record
    vpc_id: str
    # One worker per zone is created with the cluster; its EC2 instance is created when a node group uses it.
    reserved_instance_ids: dict[str, str]
    interface_ids: list[str] = field(default_factory=list)
    nodegroups: dict[str, Nodegroup] = field(default_factory=dict)
    addons: dict[str, Record] = field(default_factory=dict)
    access_entries: dict[str, AccessEntry] = field(default_factory=dict)
    associations: dict[str, Record] = field(default_factory=dict)
    updates: dict[str, Update] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def security_group_id(self) -> str:
        return str(self.record["resourcesVpcConfig"]["clusterSecurityGroupId"])

    @property
    def workers_taken_by(self) -> Nodegroup | None:
        """The node group that owns the workers. There is only one, because all workers join and leave together."""
        return next((group for group in self.nodegroups.values() if group.instance_ids), None)

    def nodegroup(self, name: str) -> Nodegroup:
        if name not in self.nodegroups:
            raise ResourceNotFound(f"No node group found for name: {name}.", clusterName=self.name, nodegroupName=name)
        return self.nodegroups[name]


class Eks:
    """The EKS service: its state, its account and its Kubernetes.

    `pause`: duration in seconds of changes of API state.
    """

    def __init__(self, instance: Instance, kubernetes: Kubernetes, extensions: Extensions, pause: float = 1.0) -> None:
        self.instance = instance
        self.kubernetes = kubernetes
        self.extensions = extensions
        self.pause = pause
        self.lock = threading.RLock()
        self.clusters: dict[str, Cluster] = {}
        self._stopped = threading.Event()

    def cluster(self, name: str) -> Cluster:
        """Return a cluster. Raise ResourceNotFoundException if it does not exist."""
        if name not in self.clusters:
            raise ResourceNotFound(f"No cluster found for name: {name}.", clusterName=name)
        return self.clusters[name]

    def arn(self, resource: str) -> str:
        return f"arn:aws:eks:{self.instance.region}:{self.instance.account_id}:{resource}"

    def later(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread. It must take the lock only while it changes records."""

        def run() -> None:
            try:
                work()
            except Exception:
                # Log the failure, which would be lost in the thread.
                LOG.exception("a background change of EKS failed")

        threading.Thread(target=run, daemon=True).start()

    def wait(self) -> None:
        """Wait for the duration of a change of API state."""
        self._stopped.wait(self.pause)

    def stop(self) -> None:
        self._stopped.set()


def now() -> float:
    """Return seconds since the epoch, the timestamp format of rest-json."""
    return round(time.time(), 3)


def day(text: str) -> float:
    """An ISO date as a timestamp."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()


def new_id() -> str:
    return str(uuid.uuid4())


def new_instance_id() -> str:
    """An id in the long form that EC2 has used since 2016."""
    return f"i-0{secrets.token_hex(8)}"


def page(items: list[Any], key: str, params: Record) -> Record:
    """Return one page of a list response. nextToken is the index of the next item."""
    start = int(params.get("nextToken") or 0)
    size = int(params.get("maxResults") or 100)
    answer: Record = {key: items[start : start + size]}
    if start + size < len(items):
        answer["nextToken"] = str(start + size)
    return answer
