"""Removal of a cluster: containers, volumes and routes of this instance only."""

from __future__ import annotations

import json

import pytest

from flaskops_sandbox.commands import CommandError
from flaskops_sandbox.instance import Instance
from flaskops_sandbox.kubernetes import cluster

INSTANCE = Instance("one", 3)


class Machine:
    """Fake podman and ip of a machine with the given containers, volumes and routes."""

    def __init__(self, nodes: str = "", volumes: list[dict] | None = None, routes: list[dict] | None = None) -> None:
        self.answers = {
            ("podman", "ps"): nodes,
            ("podman", "volume", "ls"): json.dumps(volumes or []),
            ("ip", "-json"): json.dumps(routes or []),
        }
        self.done: list[str] = []

    def podman(self, *words: str, **_: object) -> str:
        return self.run(["podman", *words])

    def run(self, words: list[str], **_: object) -> str:
        for begin, answer in self.answers.items():
            if tuple(words[: len(begin)]) == begin:
                return answer
        self.done.append(" ".join(words))
        return ""


@pytest.fixture
def delete(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path))

    def on(machine: Machine) -> list[str]:
        monkeypatch.setattr(cluster, "podman", machine.podman)
        monkeypatch.setattr(cluster, "run", machine.run)
        cluster.delete(INSTANCE, "any")
        return machine.done

    return on


def test_missing_cluster_is_ignored(delete):
    assert delete(Machine()) == []


def test_lock_file_of_a_killed_kind_is_removed(delete, tmp_path):
    folder = tmp_path / INSTANCE.name
    folder.mkdir()
    for name in ("kind.kubeconfig", "kind.kubeconfig.lock"):
        (folder / name).touch()
    delete(Machine())
    assert not list(folder.iterdir())


def test_containers_are_removed_with_their_volumes(delete):
    node = "flaskops-one-worker2"
    machine = Machine(nodes=f"{node}\n", volumes=[{"Name": "v1", "Labels": {node: "true"}}])
    assert delete(machine) == [f"podman rm --force --volumes {node}", "podman volume rm --force v1"]


class Busy(Machine):
    """A container whose first removals fail."""

    refusals = 2

    def run(self, words: list[str], **options: object) -> str:
        if words[:2] == ["podman", "rm"] and self.refusals:
            self.refusals -= 1
            raise CommandError("removing container root filesystem: 1 error occurred")
        return super().run(words, **options)


def test_container_in_use_is_removed_by_a_retry(delete, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert delete(Busy(nodes="flaskops-one-worker\n")) == ["podman rm --force --volumes flaskops-one-worker"]


def test_container_that_cannot_be_removed_is_reported(delete, monkeypatch):
    monkeypatch.setattr(cluster, "REMOVE_TIMEOUT_SECONDS", 0)
    with pytest.raises(cluster.ClusterError, match="root filesystem"):
        delete(Busy(nodes="flaskops-one-worker\n"))


def test_volume_without_container_is_removed_and_others_are_kept(delete):
    volumes = [
        {"Name": "v1", "Labels": {"flaskops-one-control-plane": "true"}},
        {"Name": "theirs", "Labels": {"flaskops-one-two-worker": "true"}},
        {"Name": "plain", "Labels": {}},
        {"Name": "bare"},
    ]
    assert delete(Machine(volumes=volumes)) == ["podman volume rm --force v1"]


def test_only_routes_through_the_network_of_the_instance_are_removed(delete):
    routes = [
        {"dst": "10.203.1.0/24", "gateway": "172.30.3.4", "dev": "podman2"},
        {"dst": "10.203.2.0/24", "gateway": "192.168.1.1", "dev": "eth0"},
        {"dst": "10.203.3.0/24", "dev": "tun0"},
    ]
    assert delete(Machine(routes=routes)) == ["ip route del 10.203.1.0/24 via 172.30.3.4"]
