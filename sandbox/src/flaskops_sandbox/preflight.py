"""What `make up` refuses before it touches anything: the thing, what is wrong with it, what to do."""

from __future__ import annotations

import ipaddress
import json
import os
import platform
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

from flaskops_sandbox.commands import CommandError, podman, run
from flaskops_sandbox.instance import Instance, state_root
from flaskops_sandbox.toolchain import cache_root, needed

GIB = 1024**3
BUILD_GIB = 15
RUN_GIB = 5
MINIMUM_GO = (1, 26)
"""What the newest of the pinned modules asks for in its go.mod."""
IP_FREEBIND = 15
"""Linux, ip(7): bind to an address that the machine does not have yet."""


def problems(instance: Instance, *, published: bool) -> list[str]:
    """Everything that stands against starting this instance, each with its remedy; empty when nothing does.

    `published` says whether images are pulled, so that little is built.
    """
    checks: tuple[Callable[[], list[str]], ...] = (
        _platform,
        _engine,
        lambda: _go(published),
        lambda: _disk(published),
        lambda: _ports(instance),
        lambda: _routes(instance),
    )
    # A machine that is no Linux has no podman either: the first kind of problem is the one to solve.
    return next((found for check in checks if (found := check())), [])


def _platform() -> list[str]:
    if platform.system() != "Linux":
        return [f"the sandbox runs on Linux, this is {platform.system()}: use a Linux machine or virtual machine"]
    if platform.machine() != "x86_64":
        return [f"the sandbox's images are made for x86_64, this is {platform.machine()}: use an x86_64 machine"]
    if os.geteuid() != 0:
        return ["the sandbox needs root for network addresses, routes and privileged containers: run `sudo make up`"]
    return []


def _engine() -> list[str]:
    if shutil.which("podman") is None:
        return ["no container engine: podman is not installed: run `make setup`, or install the package podman"]
    try:
        podman("info", "--format", "{{.Host.OCIRuntime.Name}}")
    except CommandError as error:
        return [f"the container engine does not work: `podman info` failed; mend podman first\n{error}"]
    return []


def _go(published: bool) -> list[str]:
    # Without a registry it is always needed: charts are read from Go's module cache.
    if published and _is_built(published):
        return []
    if shutil.which("go") is None:
        return [
            "go is not installed, and tools must be built: install Go 1.26 from https://go.dev/dl and put it on PATH"
        ]
    told = run(["go", "env", "GOVERSION"]).strip()
    numbers = re.match(r"go(\d+)\.(\d+)", told)
    if numbers and (int(numbers[1]), int(numbers[2])) < MINIMUM_GO:
        return [
            f"go is {told}, and tools need {MINIMUM_GO[0]}.{MINIMUM_GO[1]} or newer: install it from https://go.dev/dl"
        ]
    return []


def _disk(published: bool) -> list[str]:
    gib = RUN_GIB if _is_built(published) else BUILD_GIB
    found = []
    for folder in (state_root(), cache_root(), Path("/var/lib/containers")):
        free = shutil.disk_usage(_nearest(folder)).free / GIB
        if free < gib:
            found.append(f"too little disk for {folder}: {free:.1f} GiB free, {gib} GiB needed: free some space")
    return found


def _is_built(published: bool) -> bool:
    return all(tool.ready for tool in needed(published))


def _ports(instance: Instance) -> list[str]:
    wanted = [(instance.address, port, "the load balancer") for port in (80, 443)]
    wanted += [(instance.address, 6443, "the Kubernetes API"), (instance.services_address, 4566, "the AWS API")]
    wanted += [(instance.services_address, 5000, "the registry")]
    return [
        f"port in use: {what} of instance {instance.name!r} needs {address}:{port}, and something listens there: "
        f"end it (`ss -ltnp 'sport = :{port}'` names it)"
        for address, port, what in wanted
        if not _free(address, port)
    ]


def _routes(instance: Instance) -> list[str]:
    ranges = [instance.pod_cidr, instance.service_cidr, instance.network_subnet]
    ours = [ipaddress.ip_network(text) for text in ranges]
    taken = [route["dst"] for route in json.loads(run(["ip", "-json", "route"]) or "[]") if "/" in route["dst"]]
    return [
        f"range in use: {network} of instance {instance.name!r} overlaps this machine's route to {text}: use another "
        "FLASKOPS_INSTANCE beside one that is up, or free the range"
        for network in ours
        for text in taken
        if ipaddress.ip_network(text).overlaps(network)
    ]


def _free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _nearest(folder: Path) -> Path:
    """The folder, or its closest parent that exists."""
    return folder if folder.exists() else _nearest(folder.parent)
