"""After a failure: everything that could name the cause, in one folder."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

from sandbox import toolchain
from sandbox.commands import CommandError, run
from sandbox.instance import Instance, state_root
from sandbox.kubernetes import cluster

KEEP = 10
LOG_LINES = 300


def collect(instance: Instance) -> Path:
    """Copy the sandbox's logs, and the cluster's events, pods and logs; returns the folder (mode 0700).

    The folder lies beside the instances, so that `make down` does not take it along.
    """
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    root = state_root().parent / f"{state_root().name}-evidence"
    folder = root / f"{instance.name}-{stamp}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for log in [*instance.log_dir.glob("*.log"), *instance.log_dir.glob("*.jsonl")]:
        shutil.copy2(log, folder / log.name)
    if (instance.log_dir / "evidence").is_dir():
        shutil.copytree(instance.log_dir / "evidence", folder / "verify")
    if instance.kubeconfig.exists() and cluster.exists(instance, ""):
        _from_cluster(instance, folder)
    for old in sorted(root.glob(f"{instance.name}-{'[0-9]' * 8}T{'[0-9]' * 6}Z"))[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _from_cluster(instance: Instance, folder: Path) -> None:
    _kubectl(instance, folder / "events.txt", "get", "events", "-A", "--sort-by=.lastTimestamp")
    _kubectl(instance, folder / "objects.txt", "get", "nodes,pods,deployments,jobs,ingresses,hpa", "-A", "-o", "wide")
    _kubectl(instance, folder / "pods.txt", "describe", "pods", "-A")
    names = _kubectl(
        instance, None, "get", "pods", "-A", "-o",
        "jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{'\\n'}{end}",
    )  # fmt: skip
    for row in names.split():
        namespace, _, pod = row.partition("/")
        words = ["logs", "-n", namespace, pod, "--all-containers", f"--tail={LOG_LINES}"]
        _kubectl(instance, folder / f"pod-{namespace}-{pod}.log", *words)


def _kubectl(instance: Instance, target: Path | None, *arguments: str) -> str:
    """kubectl's output, written to `target`; a failure is written there too, since evidence must not fail."""
    try:
        output = run(
            [toolchain.kubectl(), "--kubeconfig", instance.kubeconfig, "--request-timeout=10s", *arguments], timeout=30
        )
    except CommandError as error:
        output = str(error)
        if target is None:
            return ""
    if target is not None:
        target.write_text(output, encoding="utf-8")
    return output
