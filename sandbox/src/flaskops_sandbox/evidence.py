"""Collect evidence after a failure in one directory."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Sequence
from pathlib import Path

from flaskops_sandbox import toolchain
from flaskops_sandbox.commands import CommandError, run
from flaskops_sandbox.instance import Instance, state_root
from flaskops_sandbox.kubernetes import cluster

KEEP = 10
LOG_LINES = 300


def collect(instance: Instance) -> Path:
    """Copy sandbox logs, cluster events, pods and pod logs. Return the directory (mode 0700).

    It is outside the instance directory, so that `make down` keeps it.
    """
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = _root() / f"{instance.name}-{stamp}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for log in [*instance.log_dir.glob("*.log"), *instance.log_dir.glob("*.jsonl")]:
        shutil.copy2(log, folder / log.name)
    if (instance.log_dir / "evidence").is_dir():
        shutil.copytree(instance.log_dir / "evidence", folder / "verify", dirs_exist_ok=True)
    if instance.kubeconfig.exists() and cluster.exists(instance, ""):
        _from_cluster(instance, folder)
    for old in surplus([(each, _last_change(each)) for each in folders(instance)]):
        shutil.rmtree(old, ignore_errors=True)
    return folder


def folders(instance: Instance) -> list[Path]:
    """Return the evidence directories of the instance, oldest first."""
    return sorted(_root().glob(f"{instance.name}-{'[0-9]' * 8}T{'[0-9]' * 6}Z"))


def surplus(found: Sequence[tuple[Path, str]]) -> list[Path]:
    """Return the directories to remove, given oldest first with the last change of the account before each.

    Directories without a change since the previous one (for example of runs rejected by preflight) are removed first,
    then the oldest. The newest is always kept.
    """
    before = ["", *(change for _, change in found)]
    poor = [folder for (folder, change), last in zip(found[:-1], before, strict=False) if change in ("", last)]
    rich = [folder for folder, _ in found if folder not in poor]
    return [*poor, *rich][: max(0, len(found) - KEEP)]


def _root() -> Path:
    return state_root().parent / f"{state_root().name}-evidence"


def _last_change(folder: Path) -> str:
    """Return the last changing API call before this evidence was collected; empty if there is none."""
    log = folder / "calls.jsonl"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next((line for line in reversed(lines) if '"mutating": true' in line), "")


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
    """Write the output of kubectl, or its failure, to `target`. Collecting evidence must not fail."""
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
