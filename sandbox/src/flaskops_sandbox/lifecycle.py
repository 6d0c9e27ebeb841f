"""Start and remove an instance. Its daemons are detached and outlive the command that started them."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flaskops_sandbox import ca, pins, toolchain
from flaskops_sandbox.commands import LONG_SECONDS, PODMAN_CONF, CommandError, podman, run
from flaskops_sandbox.console import say, step
from flaskops_sandbox.images.build import CA_BUNDLE, Built
from flaskops_sandbox.instance import Instance, write_private
from flaskops_sandbox.kubernetes import cluster
from flaskops_sandbox.kubernetes import remains as remains_of_networks

SOURCE = Path(__file__).resolve().parents[1]
"""The folder that holds this package."""
CHECKOUT = SOURCE.parents[1]
"""The repository: its site.yml runs over the instance."""
TOKEN = "FLASKOPS_SANDBOX_INSTANCE"  # noqa: S105 - an environment variable's name
"""Marks every process of an instance, so that it can be found independently of its parent."""
SERVERS = ("postgres", "redis-server", "docker-registry")
PROGRAMS = ("python", *SERVERS, "kind", "kubectl", "podman")
MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
START_SECONDS = 60.0
END_SECONDS = 20.0
KILL_SECONDS = 5.0


class LifecycleError(Exception):
    """An instance cannot be started or removed. The message contains the cause and the log."""


def healthy(instance: Instance, patience: float = 0.0, running: Callable[[], bool] | None = None) -> bool:
    """Whether the account responds, belongs to this instance, and all servers that it started are running.

    A running account that does not respond is retried for `patience` seconds, because it may be starting or busy.
    `running` returns whether the account is running; by default the processes of the machine are searched.
    """
    running = running or (lambda: bool(daemon_pids(instance, "account")))
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(f"{instance.aws_endpoint_url}/_sandbox/health", timeout=3) as answer:
                state = json.load(answer)
                return bool(state["instance"] == instance.name and state["registry"] and state["servers"])
        except (OSError, ValueError, KeyError):
            if time.monotonic() >= deadline or not running():
                return False
        time.sleep(0.3)


def start(instance: Instance, built: Built) -> None:
    """Start network, account and load balancer, if they are not running."""
    ca.ensure(instance)
    run(["ip", "address", "replace", f"{instance.services_address}/32", "dev", "lo"])
    _ensure_network(instance)
    write_facts(instance, built)
    if not healthy(instance):
        with step("start the AWS account", 8):
            _wait_for_account(instance, _spawn(instance, "account"))
    _push(instance, built)
    if not daemon_pids(instance, "alb"):
        with step("start the load balancer", 2):
            _spawn(instance, "alb")


def remains(instance: Instance) -> list[str]:
    """Describe the remains of an instance without an account; empty if there are none."""
    found = [f"process {pid} ({name})" for pid, name in processes(instance).items()]
    found += [f"container {name}" for name in cluster.containers(instance)]
    return found


def end(instance: Instance) -> None:
    """Remove every process, container, network, mount and route of the instance, then the instance."""
    _end_processes(instance, _polite, END_SECONDS)
    _end_processes(instance, lambda _: signal.SIGKILL, KILL_SECONDS)
    cluster.delete(instance, "")
    podman("network", "rm", "--force", instance.network)
    remains_of_networks.remove(instance)
    _unmount(instance)
    try:
        run(["ip", "address", "del", f"{instance.services_address}/32", "dev", "lo"])
    except CommandError:
        say(f"  {instance.services_address} was already removed from lo")
    instance.forget()


def processes(instance: Instance) -> dict[int, str]:
    """Return the processes of the instance: {pid: program}.

    They are found by a variable in their environment or by the state directory in their arguments. Servers that
    overwrite their arguments with a title (PostgreSQL backends) end with their parent.
    """
    token = f"{TOKEN}={instance.name}".encode()
    folder = f"{instance.state_dir}/".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            program = (entry / "comm").read_text().strip()
            arguments = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue  # the process has ended
        ours = program.startswith(PROGRAMS) and arguments
        # Match arguments of servers only, because a user's kubectl may contain the state directory too.
        if ours and (token in environment or (folder in arguments and program.startswith(SERVERS))):
            found[int(entry.name)] = program
    return found


def daemon_pids(instance: Instance, daemon: str) -> list[int]:
    """Return the pids of a daemon of this instance."""
    wanted = f"flaskops_sandbox.{daemon}".encode()
    found = []
    for pid in processes(instance):
        with contextlib.suppress(OSError):  # the process has ended
            if wanted in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def _push(instance: Instance, built: Built) -> None:
    """Push images that cannot be pulled from their publishers to the registry of the instance."""
    missing = {name: image for name, image in built.to_push.items() if not _is_pushed(instance, name, image)}
    if not missing:
        return
    log = instance.log_dir / "registry-push.log"
    trust: list[str | Path] = [
        "--cert-dir",
        _registry_trust(instance),
        "--authfile",
        instance.run_dir / "registry-auth.json",
    ]
    with step("push images to the registry of the sandbox", 15):
        podman(
            "login", *trust, "--username", "AWS", "--password-stdin", instance.registry, log=log,
            stdin=instance.registry_password(),
        )  # fmt: skip
        for name, image in missing.items():
            reference = pushed_image(instance, name, image)
            target = f"{reference['repository']}:{reference['tag']}"
            podman("push", "--quiet", *trust, image, target, log=log, timeout=LONG_SECONDS)


def _is_pushed(instance: Instance, name: str, image: str) -> bool:
    """Ask the registry (distribution API v2: HEAD on a manifest)."""
    repository, tag = f"sandbox/{name}", image.rpartition(":")[2]
    login = base64.b64encode(f"AWS:{instance.registry_password()}".encode()).decode()
    request = urllib.request.Request(
        f"https://{instance.registry}/v2/{repository}/manifests/{tag}",
        method="HEAD",
        headers={"Authorization": f"Basic {login}", "Accept": MANIFEST_TYPES},
    )
    context = ssl.create_default_context(cafile=str(instance.ca_file))
    try:
        with urllib.request.urlopen(request, context=context, timeout=5) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False
    except OSError as error:
        raise LifecycleError(
            f"the registry at {instance.registry} does not respond: {error}; see {instance.log_dir}"
        ) from error


def pushed_image(instance: Instance, name: str, image: str) -> dict[str, str]:
    """Return repository and tag that nodes use to pull a local image."""
    return {"repository": f"{instance.registry}/sandbox/{name}", "tag": image.rpartition(":")[2]}


def write_facts(instance: Instance, built: Built) -> None:
    """Write instance.json for inventories/local and the account. It contains no secrets."""
    facts: dict[str, Any] = {
        "name": instance.name,
        "address": instance.address,
        "services_address": instance.services_address,
        "pod_cidr": instance.pod_cidr,
        "aws_endpoint_url": instance.aws_endpoint_url,
        "region": instance.region,
        "zones": list(instance.zones),
        "account_id": instance.account_id,
        "ca_file": str(instance.ca_file),
        "state_dir": str(instance.state_dir),
        "log_dir": str(instance.log_dir),
        "cert_dir": str(_registry_trust(instance)),
        "credentials_file": str(instance.credentials_file),
        "kubernetes_version": ".".join(pins.KUBERNETES.split(".")[:2]),
        "node_image": built.node,
        "published_node_image": built.published,
        "charts": built.charts,
        "images": {
            **built.images,
            **{name: pushed_image(instance, name, image) for name, image in built.to_push.items()},
            "python_base": built.python_base,
        },
        "helm": str(toolchain.HELM.program("helm")),
        "kubectl": str(toolchain.kubectl()),
        "containers_conf": str(PODMAN_CONF),
        "build_ca_bundle": str(CA_BUNDLE) if CA_BUNDLE.exists() else "",
    }
    write_private(instance.facts_file, json.dumps(facts, indent=2), mode=0o644)


def _registry_trust(instance: Instance) -> Path:
    """Create the directory for `podman push --cert-dir`."""
    folder = instance.state_dir / "registry-trust"
    folder.mkdir(exist_ok=True)
    write_private(folder / "ca.crt", instance.ca_file.read_text(encoding="utf-8"), mode=0o644)
    return folder


def _ensure_network(instance: Instance) -> None:
    if instance.network in podman("network", "ls", "--format", "{{.Name}}").split():
        found = podman("network", "inspect", "--format", "{{range .Subnets}}{{.Subnet}}{{end}}", instance.network)
        if found.strip() == instance.network_subnet:
            return
        # It belongs to an earlier instance of this name whose state was removed manually.
        podman("network", "rm", instance.network)
    podman("network", "create", "--subnet", instance.network_subnet, instance.network)


def _spawn(instance: Instance, daemon: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, TOKEN: instance.name, "PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
    with (instance.log_dir / f"{daemon}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"flaskops_sandbox.{daemon}", "--instance", instance.name],
            env=environment,
            cwd=SOURCE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for_account(instance: Instance, process: subprocess.Popen[bytes]) -> None:
    # Poll the child instead of searching /proc, where a new process has no arguments and environment yet.
    if healthy(instance, START_SECONDS, lambda: process.poll() is None):
        return
    log = instance.log_dir / "account.log"
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    raise LifecycleError(f"the account did not start; the end of {log}:\n{tail}")


def _end_processes(instance: Instance, how: Callable[[str], int], seconds: float) -> None:
    """Send every process of the instance the signal for its program, and wait until all have ended or the timeout."""
    for pid, program in processes(instance).items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how(program))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and processes(instance):
        time.sleep(0.2)


def _polite(program: str) -> int:
    """Return the signal that ends a program. On SIGTERM, PostgreSQL would wait for its clients.

    podman is not signalled, because it would leave an incomplete container. It finishes within seconds.
    """
    if program.startswith("podman"):
        return 0
    return signal.SIGINT if program.startswith("postgres") else signal.SIGTERM


def _unmount(instance: Instance) -> None:
    folder = str(instance.state_dir)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((path for path in mounts if path.startswith(f"{folder}/")), reverse=True):
        run(["umount", mount])
