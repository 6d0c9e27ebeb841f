"""Create, extend and remove the kind cluster behind one EKS cluster of the sandbox.

On EKS a new cluster has no nodes; node groups add them. Therefore the kubelets of the workers are stopped after kind
has created them, and `join_nodes` lets them register with their reserved instance ids.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from flaskops_sandbox import toolchain
from flaskops_sandbox.commands import CommandError, podman, podman_environment, run
from flaskops_sandbox.instance import Instance, write_private
from flaskops_sandbox.kubernetes import config

CREATE_TIMEOUT_SECONDS = 1200.0
NODE_TIMEOUT_SECONDS = 180.0
API_TIMEOUT_SECONDS = 120.0
REMOVE_TIMEOUT_SECONDS = 30.0
INOTIFY = {"max_user_instances": 1024, "max_user_watches": 1048576}
"""File watchers of all nodes count for one user. The default of 128 instances is enough for two clusters; the kubelet
of a third one does not start. https://kind.sigs.k8s.io/docs/user/known-issues/"""
REQUEST_TIMEOUT_SECONDS = 30


class ClusterError(Exception):
    """The cluster cannot be created, changed or removed. The message contains the cause."""


@dataclass(frozen=True)
class ClusterInfo:
    """The values that DescribeCluster reports."""

    endpoint: str
    certificate_authority_data: str
    """PEM, base64."""


@dataclass(frozen=True)
class NodeInfo:
    """One worker, with the values for its EC2 instance."""

    name: str
    zone: str
    instance_id: str
    internal_ip: str
    pod_cidr: str


def create(instance: Instance, name: str, version: str, instance_ids: dict[str, str]) -> ClusterInfo:
    """Start kind with a control plane and one stopped worker per zone. Block until the API responds.

    `instance_ids` maps each zone to the EC2 instance id that becomes the provider id of its worker.
    Raises ClusterError if the instance already has a cluster, the version differs, or kind fails.
    """
    facts = instance.facts()
    if exists(instance, name):
        raise ClusterError(f"instance {instance.name!r}: already has a cluster; delete it first")
    built = str(facts["kubernetes_version"])
    if version != built:
        raise ClusterError(f"the sandbox runs Kubernetes {built}, not {version}")
    mounts = _write_mounts(instance, name)
    text = config.kind_config(
        instance, instance_ids, mounts, instance.registry_password(), published=bool(facts["published_node_image"])
    )
    # kind mounts it into every node. It may be missing if the kernel has no modules.
    Path("/lib/modules").mkdir(parents=True, exist_ok=True)
    _allow_watchers()
    try:
        _kind(
            instance,
            "create", "cluster", "--config", "-", "--image", str(facts["node_image"]),
            "--kubeconfig", str(instance.kubeconfig),
            stdin=text,
        )  # fmt: skip
        instance.kubeconfig.chmod(0o600)
        _hold_back_workers(instance)
        _connect(instance, published=bool(facts["published_node_image"]))
        _wait(
            "the API server's readiness",
            API_TIMEOUT_SECONDS,
            lambda: "ok" in _kubectl(instance, "get", "--raw", "/readyz"),
        )
    except CommandError as error:
        raise ClusterError(str(error)) from error
    cluster = yaml.safe_load(instance.kubeconfig.read_text(encoding="utf-8"))["clusters"][0]["cluster"]
    return ClusterInfo(cluster["server"], cluster["certificate-authority-data"])


def join_nodes(instance: Instance, name: str, labels: dict[str, str], taints: list[dict[str, str]]) -> list[NodeInfo]:
    """Let the workers register, set up network, labels and taints, and wait until they are Ready."""
    try:
        workers = containers(instance, "worker")
        for worker in workers:
            podman("exec", worker, "systemctl", "start", "kubelet", log=_log(instance))
        _wait(
            f"{len(workers)} nodes with a pod range",
            NODE_TIMEOUT_SECONDS,
            lambda: (
                sum(1 for node in _nodes(instance) if node["metadata"]["name"] in workers and _pod_cidr(node))
                == len(workers)
            ),
        )
        _connect(instance, published=bool(instance.facts()["published_node_image"]))
        label_nodes(instance, name, labels, taints)
        _kubectl(
            instance, "wait", "--for=condition=Ready", f"--timeout={NODE_TIMEOUT_SECONDS:.0f}s",
            *(f"node/{worker}" for worker in workers), request_timeout=0,
        )  # fmt: skip
        return [_node_info(node) for node in _nodes(instance) if node["metadata"]["name"] in workers]
    except CommandError as error:
        raise ClusterError(str(error)) from error


def label_nodes(
    instance: Instance,
    name: str,
    labels: Mapping[str, str | None],
    taints: list[dict[str, str]] | None = None,
) -> None:
    """Set labels on every worker (None removes a label). With `taints`, replace the taints of the node group."""
    del name  # one cluster per instance
    words = [f"{key}-" if value is None else f"{key}={value}" for key, value in labels.items()]
    try:
        for worker in containers(instance, "worker"):
            if words:
                _kubectl(instance, "label", "node", worker, "--overwrite", *words)
            if taints is not None:
                _kubectl(
                    instance,
                    "patch",
                    "node",
                    worker,
                    "--type=merge",
                    "-p",
                    json.dumps({"spec": {"taints": taints or None}}),
                )
    except CommandError as error:
        raise ClusterError(str(error)) from error


def drain_out(instance: Instance, name: str) -> None:
    """Remove the node group: stop kubelets and containers, delete the Node objects."""
    del name
    try:
        _hold_back_workers(instance)
    except CommandError as error:
        raise ClusterError(str(error)) from error


def delete(instance: Instance, name: str) -> None:
    """Remove containers, volumes and pod routes of the cluster, if they exist.

    kind is not used: it stops at the lock file of a killed kind, keeps volumes without a container, and may not be
    built yet in this checkout.
    """
    del name
    try:
        _remove_routes(instance)
        _remove_containers(instance)
        disks = volumes(instance)
        if disks:
            podman("volume", "rm", "--force", *disks, log=_log(instance))
    except CommandError as error:
        raise ClusterError(str(error)) from error
    instance.kubeconfig.unlink(missing_ok=True)
    instance.kubeconfig.with_suffix(".kubeconfig.lock").unlink(missing_ok=True)


def _remove_containers(instance: Instance) -> None:
    """Remove the containers. Retry, because containers of a killed podman may still be in use at first."""
    give_up = time.monotonic() + REMOVE_TIMEOUT_SECONDS
    while nodes := containers(instance):
        try:
            podman("rm", "--force", "--volumes", *nodes, log=_log(instance))
            return
        except CommandError:
            if time.monotonic() >= give_up:
                raise
            time.sleep(1)


def exists(instance: Instance, name: str) -> bool:
    """Whether any container of the cluster exists."""
    del name
    return bool(containers(instance))


def kind_name(instance: Instance) -> str:
    """Return the cluster name in kind, which is the prefix of all container names."""
    return f"flaskops-{instance.name}"


def _log(instance: Instance) -> Path:
    return instance.log_dir / "kubernetes.log"


def _kind(instance: Instance, *arguments: str, stdin: str | None = None) -> str:
    environment = {
        **podman_environment(),
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
        "KIND_EXPERIMENTAL_PODMAN_NETWORK": instance.network,
    }
    command: list[str | Path] = [toolchain.KIND.program("kind"), *arguments, "--name", kind_name(instance)]
    return run(command, env=environment, log=_log(instance), stdin=stdin, timeout=CREATE_TIMEOUT_SECONDS)


def _kubectl(instance: Instance, *arguments: str, request_timeout: int = REQUEST_TIMEOUT_SECONDS) -> str:
    patience = f"--request-timeout={request_timeout}s"
    return run([toolchain.kubectl(), "--kubeconfig", instance.kubeconfig, patience, *arguments])


def containers(instance: Instance, role: str = "") -> list[str]:
    """Return the container names of the cluster, optionally of one kind role."""
    filters = ["--filter", f"label=io.x-k8s.kind.cluster={kind_name(instance)}"]
    if role:
        filters += ["--filter", f"label=io.x-k8s.kind.role={role}"]
    return sorted(podman("ps", "--all", *filters, "--format", "{{.Names}}").split())


def volumes(instance: Instance) -> list[str]:
    """Return the volume names of the cluster. kind creates one per node, labelled with the node name."""
    node = re.compile(rf"{kind_name(instance)}-(control-plane|worker)\d*")
    rows = json.loads(podman("volume", "ls", "--format", "json"))
    return [str(row["Name"]) for row in rows if any(node.fullmatch(label) for label in row.get("Labels") or {})]


def _nodes(instance: Instance) -> list[dict[str, Any]]:
    return list(json.loads(_kubectl(instance, "get", "nodes", "-o", "json"))["items"])


def _pod_cidr(node: dict[str, Any]) -> str:
    return str(node["spec"].get("podCIDR", ""))


def _internal_ip(node: dict[str, Any]) -> str:
    return next(str(entry["address"]) for entry in node["status"]["addresses"] if entry["type"] == "InternalIP")


def _node_info(node: dict[str, Any]) -> NodeInfo:
    *_, zone, instance_id = node["spec"]["providerID"].split("/")
    return NodeInfo(node["metadata"]["name"], zone, instance_id, _internal_ip(node), _pod_cidr(node))


def _allow_watchers() -> None:
    """Raise kernel limits for several clusters. Higher limits are kept."""
    for name, wanted in INOTIFY.items():
        limit = Path("/proc/sys/fs/inotify", name)
        with contextlib.suppress(OSError):  # if not writable, one or two clusters still start
            if int(limit.read_text()) < wanted:
                limit.write_text(f"{wanted}\n")


def _write_mounts(instance: Instance, name: str) -> Path:
    """Write the directories that kind mounts into nodes: kubeconfig of the token webhook and CA of the registry."""
    mounts = instance.state_dir / "kubernetes"
    host = mounts / "registry" / instance.registry
    (mounts / "webhook").mkdir(parents=True, exist_ok=True)
    host.mkdir(parents=True, exist_ok=True)
    write_private(mounts / "webhook" / "webhook.yaml", yaml.safe_dump(config.webhook_kubeconfig(instance, name)), 0o644)
    shutil.copyfile(instance.ca_file, host / "ca.crt")
    write_private(
        host / "hosts.toml",
        config.registry_hosts(instance, f"{config.REGISTRY_FOLDER}/{instance.registry}/ca.crt"),
        0o644,
    )
    return mounts


def _hold_back_workers(instance: Instance) -> None:
    workers = containers(instance, "worker")
    for worker in workers:
        podman("exec", worker, "systemctl", "stop", "kubelet", log=_log(instance))
    _kubectl(instance, "delete", "node", "--ignore-not-found", "--wait=false", *workers)
    for worker in workers:
        # Pods survive their kubelet; on AWS they end with the instance.
        podman("exec", worker, "sh", "-c", _END_PODS, log=_log(instance))


_END_PODS = (
    "for task in $(ctr -n k8s.io tasks ls -q); do ctr -n k8s.io tasks kill -s SIGKILL -a $task; done; "
    "rm -rf /run/cni-ipam-state; exit 0"
)


def _connect(instance: Instance, *, published: bool) -> None:
    """Add routes to the pods of every node: from the machine, and between nodes unless kind's CNI is used."""
    nodes = [node for node in _nodes(instance) if _pod_cidr(node)]
    for node in nodes:
        run(["ip", "route", "replace", _pod_cidr(node), "via", _internal_ip(node)])
        if published:
            continue
        container = node["metadata"]["name"]
        commands = ["sysctl -qw net.ipv4.ip_forward=1"]
        commands += [
            f"ip route replace {_pod_cidr(other)} via {_internal_ip(other)}" for other in nodes if other is not node
        ]
        podman("exec", container, "sh", "-ec", "\n".join(commands), log=_log(instance))
        podman(
            "exec", "-i", container, "nft", "-f", "-", stdin=config.masquerade_rules(_pod_cidr(node), instance.pod_cidr)
        )
        podman(
            "exec", "-i", container, "sh", "-c", "cat > /etc/cni/net.d/10-flaskops.conflist",
            stdin=config.cni_conflist(_pod_cidr(node)),
        )  # fmt: skip


def _remove_routes(instance: Instance) -> None:
    for route in json.loads(run(["ip", "-json", "route", "show", "root", instance.pod_cidr]) or "[]"):
        # Keep foreign routes inside the range, for example of a VPN.
        gateway = route.get("gateway")
        if gateway and ipaddress.ip_address(gateway) in ipaddress.ip_network(instance.network_subnet):
            run(["ip", "route", "del", route["dst"], "via", gateway])


def _wait(what: str, seconds: float, done: Callable[[], bool]) -> None:
    """Poll until `done`; failing commands count as not done. Raises ClusterError after `seconds`."""
    deadline = time.monotonic() + seconds
    last = ""
    while time.monotonic() < deadline:
        try:
            if done():
                return
        except CommandError as error:
            last = f": {error}"
        time.sleep(1)
    raise ClusterError(f"{what}: timed out after {seconds:.0f} s{last}")
