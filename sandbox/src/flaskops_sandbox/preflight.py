"""Checks of `make up` before it changes anything. Each problem reads `<object>: <what is wrong>; <what to do>`."""

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
"""The highest Go version required by the pinned modules."""
IP_FREEBIND = 15
"""Linux, ip(7): allows to bind to an address that the machine does not have yet."""


def problems(instance: Instance, *, published: bool) -> list[str]:
    """Return the problems that prevent this instance from starting.

    `published`: images are pulled, so that little has to be built.
    """
    checks: tuple[Callable[[], list[str]], ...] = (
        _platform,
        _engine,
        lambda: _go(published),
        lambda: _disk(published),
        lambda: _ports(instance),
        lambda: _routes(instance),
    )
    # Return the problems of the first failing check only; later ones would be consequences (no podman without Linux).
    return next((found for check in checks if (found := check())), [])


def _platform() -> list[str]:
    if platform.system() != "Linux":
        return [f"platform: {platform.system()} is not supported; use a Linux machine or virtual machine"]
    if platform.machine() != "x86_64":
        return [f"platform: {platform.machine()} is not supported; use an x86_64 machine"]
    if os.geteuid() != 0:
        return ["user: network addresses, routes and privileged containers need root; run `sudo make up`"]
    return []


def _engine() -> list[str]:
    if shutil.which("podman") is None:
        return ["podman: is not installed; run `make setup`, or install the package podman"]
    try:
        podman("info", "--format", "{{.Host.OCIRuntime.Name}}")
    except CommandError as error:
        return [f"podman: `podman info` failed; repair podman first\n{error}"]
    return []


def _go(published: bool) -> list[str]:
    # Without a registry Go is always needed, because charts are read from Go's module cache.
    if published and _is_built(published):
        return []
    if shutil.which("go") is None:
        return [
            "go: is not installed, but tools must be built; install Go 1.26 from https://go.dev/dl and add it to PATH"
        ]
    told = run(["go", "env", "GOVERSION"]).strip()
    numbers = re.match(r"go(\d+)\.(\d+)", told)
    if numbers and (int(numbers[1]), int(numbers[2])) < MINIMUM_GO:
        return [f"go: {told} is too old; install {MINIMUM_GO[0]}.{MINIMUM_GO[1]} or newer from https://go.dev/dl"]
    return []


def _disk(published: bool) -> list[str]:
    gib = RUN_GIB if _is_built(published) else BUILD_GIB
    found = []
    for folder in (state_root(), cache_root(), Path("/var/lib/containers")):
        free = shutil.disk_usage(_nearest(folder)).free / GIB
        if free < gib:
            found.append(f"{folder}: {free:.1f} GiB of disk are free, {gib} GiB are needed; free some space")
    return found


def _is_built(published: bool) -> bool:
    return all(tool.ready for tool in needed(published))


def _ports(instance: Instance) -> list[str]:
    wanted = [(instance.address, port, "the load balancer") for port in (80, 443)]
    wanted += [(instance.address, 6443, "the Kubernetes API"), (instance.services_address, 4566, "the AWS API")]
    wanted += [(instance.services_address, 5000, "the registry")]
    return [
        f"{address}:{port}: the port is in use, but {what} of instance {instance.name!r} needs it; "
        f"stop its process (see `ss -ltnp 'sport = :{port}'`)"
        for address, port, what in wanted
        if not _free(address, port)
    ]


def _routes(instance: Instance) -> list[str]:
    ranges = [instance.pod_cidr, instance.service_cidr, instance.network_subnet]
    ours = [ipaddress.ip_network(text) for text in ranges]
    taken = [route["dst"] for route in json.loads(run(["ip", "-json", "route"]) or "[]") if "/" in route["dst"]]
    return [
        f"{network}: the range of instance {instance.name!r} overlaps this machine's route to {text}; use another "
        "FLASKOPS_INSTANCE beside a running one, or free the range"
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
    """Return the directory or its closest existing parent."""
    return folder if folder.exists() else _nearest(folder.parent)
