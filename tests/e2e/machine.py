"""Check with system programs what a sandbox instance leaves on the machine."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
from pathlib import Path

from system import carrying

from flaskops_sandbox import lifecycle
from flaskops_sandbox.commands import PODMAN_CONF
from flaskops_sandbox.instance import Instance


def assert_gone(instance: Instance) -> None:
    """Assert that no process, directory, address, route, network, container or mount of the instance is left."""
    assert lifecycle.processes(instance) == {}
    assert not still_running(f"{lifecycle.TOKEN}={instance.name}")
    assert instance.name not in Instance.names()
    assert not instance.state_dir.exists()
    addresses = output("ip", "-json", "address", "show", "lo")
    assert f'"{instance.services_address}"' not in addresses
    assert not json.loads(output("ip", "-json", "route", "show", "root", instance.pod_cidr) or "[]")
    assert not json.loads(output("ip", "-json", "route", "show", "root", instance.network_subnet) or "[]")
    assert instance.network_subnet not in output("iptables-save")
    assert instance.network not in output("podman", "network", "ls", "--format", "{{.Name}}").split()
    assert not containers(instance)
    # kind labels the volume of each node with the node name.
    volumes = output("podman", "volume", "ls", "--format", "json")
    assert not re.findall(rf"flaskops-{instance.name}-(?:control-plane|worker)", volumes)
    assert f"{instance.state_dir}/" not in Path("/proc/mounts").read_text()


def containers(instance: Instance) -> list[str]:
    """Return the ids of the kind containers of the instance, running or not."""
    label = f"label=io.x-k8s.kind.cluster=flaskops-{instance.name}"
    return output("podman", "ps", "--all", "--quiet", "--filter", label).split()


def still_running(token: str) -> dict[int, str]:
    """Return processes with the token that do not end within seconds: {pid: program}.

    Podman runs one DNS server for all networks of the machine. It is started for the first network and ends with the
    last container, which may belong to another instance.
    """
    deadline = time.monotonic() + 10
    found: dict[int, str] = {}
    while time.monotonic() < deadline:
        found = {}
        for pid in carrying(token.encode()):
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
        found = {pid: program for pid, program in found.items() if program != "aardvark-dns"}
        if not found:
            break
        time.sleep(0.5)
    return found


def output(*command: str) -> str:
    """Return the output of a program. podman uses the configuration of the sandbox."""
    environment = {**os.environ, "CONTAINERS_CONF": str(PODMAN_CONF)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
