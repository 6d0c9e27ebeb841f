"""Start and end an instance. Its daemons are detached and outlive the command that started them."""

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
"""Marks every process of an instance, so that it is found whoever started it, and whether that one lives or not."""
SERVERS = ("postgres", "redis-server", "docker-registry")
PROGRAMS = ("python", *SERVERS, "kind", "kubectl", "podman")
MANIFEST_TYPES = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
START_SECONDS = 60.0
END_SECONDS = 20.0
KILL_SECONDS = 5.0


class LifecycleError(Exception):
    """An instance does not start or end; the text names the cause and the log."""


def healthy(instance: Instance, patience: float = 0.0, running: Callable[[], bool] | None = None) -> bool:
    """Whether the account answers, is this instance's, and every server that it started still runs.

    An account that is there but silent is asked again for `patience` seconds: it may be starting, or the machine busy.
    `running` says whether it is there; without it the machine's processes are searched.
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
    """Bring up network, account and load balancer; what runs already is left alone."""
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
    """What is left of an instance whose account is gone, in words; empty when there is nothing."""
    found = [f"process {pid} ({name})" for pid, name in processes(instance).items()]
    found += [f"container {name}" for name in cluster.containers(instance)]
    return found


def end(instance: Instance) -> None:
    """End every process, container, network, mount and route of the instance, then forget it."""
    _end_processes(instance, _polite, END_SECONDS)
    _end_processes(instance, lambda _: signal.SIGKILL, KILL_SECONDS)
    cluster.delete(instance, "")
    podman("network", "rm", "--force", instance.network)
    remains_of_networks.remove(instance)
    _unmount(instance)
    try:
        run(["ip", "address", "del", f"{instance.services_address}/32", "dev", "lo"])
    except CommandError:
        say(f"  {instance.services_address} was not on lo any more")
    instance.forget()


def processes(instance: Instance) -> dict[int, str]:
    """The instance's processes on this machine: {pid: program}.

    Found by the environment that all were started with, or by the state folder in their arguments: servers
    that write their title over their arguments (PostgreSQL's backends) end with their parent.
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
            continue  # ended while we looked
        ours = program.startswith(PROGRAMS) and arguments
        # Only servers by their arguments: a person's own kubectl may name the state folder as well.
        if ours and (token in environment or (folder in arguments and program.startswith(SERVERS))):
            found[int(entry.name)] = program
    return found


def daemon_pids(instance: Instance, daemon: str) -> list[int]:
    """Pids of one of our daemons of this instance."""
    wanted = f"flaskops_sandbox.{daemon}".encode()
    found = []
    for pid in processes(instance):
        with contextlib.suppress(OSError):  # ended while we looked
            if wanted in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def _push(instance: Instance, built: Built) -> None:
    """Fill the instance's registry with images that cannot be pulled from their publishers."""
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
    with step("push the images that nodes pull from the sandbox's registry", 15):
        podman(
            "login", *trust, "--username", "AWS", "--password-stdin", instance.registry, log=log,
            stdin=instance.registry_password(),
        )  # fmt: skip
        for name, image in missing.items():
            reference = pushed_image(instance, name, image)
            target = f"{reference['repository']}:{reference['tag']}"
            podman("push", "--quiet", *trust, image, target, log=log, timeout=LONG_SECONDS)


def _is_pushed(instance: Instance, name: str, image: str) -> bool:
    """Ask the registry itself (distribution API v2: HEAD on a manifest)."""
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
            f"the registry at {instance.registry} does not answer: {error}; see {instance.log_dir}"
        ) from error


def pushed_image(instance: Instance, name: str, image: str) -> dict[str, str]:
    """Under which repository and tag nodes pull a local image."""
    return {"repository": f"{instance.registry}/sandbox/{name}", "tag": image.rpartition(":")[2]}


def write_facts(instance: Instance, built: Built) -> None:
    """instance.json: what inventories/local and the account read. Nothing in it is secret."""
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
    """The folder for `podman push --cert-dir`."""
    folder = instance.state_dir / "registry-trust"
    folder.mkdir(exist_ok=True)
    write_private(folder / "ca.crt", instance.ca_file.read_text(encoding="utf-8"), mode=0o644)
    return folder


def _ensure_network(instance: Instance) -> None:
    if instance.network in podman("network", "ls", "--format", "{{.Name}}").split():
        found = podman("network", "inspect", "--format", "{{range .Subnets}}{{.Subnet}}{{end}}", instance.network)
        if found.strip() == instance.network_subnet:
            return
        # Of an instance of that name with another index, whose state was removed by hand.
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
    # Its child is asked, not searched for: for a moment a new process has neither arguments nor environment in /proc.
    if healthy(instance, START_SECONDS, lambda: process.poll() is None):
        return
    log = instance.log_dir / "account.log"
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
    raise LifecycleError(f"the account did not start; the end of {log}:\n{tail}")


def _end_processes(instance: Instance, how: Callable[[str], int], seconds: float) -> None:
    """Signal every process of the instance by its program's name, and wait until all have ended or time is up."""
    for pid, program in processes(instance).items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how(program))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and processes(instance):
        time.sleep(0.2)


def _polite(program: str) -> int:
    """How a program is asked to end: told by SIGTERM, PostgreSQL would wait for its clients.

    Podman is not asked: ended while it makes a container it would leave one half made. It is done within seconds.
    """
    if program.startswith("podman"):
        return 0
    return signal.SIGINT if program.startswith("postgres") else signal.SIGTERM


def _unmount(instance: Instance) -> None:
    folder = str(instance.state_dir)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((path for path in mounts if path.startswith(f"{folder}/")), reverse=True):
        run(["umount", mount])
