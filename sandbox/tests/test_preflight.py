"""Checks of `make up`, on a machine with simulated problems."""

from __future__ import annotations

import platform
import shutil
import socket

import pytest

from flaskops_sandbox import preflight, toolchain
from flaskops_sandbox.instance import Instance

# This index is not used by running instances.
INSTANCE = Instance("bent", 49)


def test_unsupported_system_is_named(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    (problem,) = preflight.problems(INSTANCE, published=False)
    assert "Darwin" in problem and "Linux" in problem


def test_missing_root_names_the_next_step(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    (problem,) = preflight.problems(INSTANCE, published=False)
    assert "sudo make up" in problem


def test_missing_podman_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (problem,) = preflight.problems(INSTANCE, published=False)
    assert "podman: is not installed" in problem and "make setup" in problem


def test_too_little_disk(monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=1024**3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = preflight.problems(INSTANCE, published=False)
    assert found and all("1.0 GiB of disk are free" in problem for problem in found)


def test_port_in_use_is_named():
    with socket.socket() as holder:
        holder.bind((INSTANCE.address, 443))
        holder.listen()
        (problem,) = preflight._ports(INSTANCE)
    assert f"{INSTANCE.address}:443" in problem and "the port is in use" in problem


@pytest.mark.parametrize(
    ("which", "version", "word"),
    [(None, "", "not installed"), ("/bin/go", "go1.19.8", "go1.19.8"), ("/bin/go", "go1.26.8", "")],
)
def test_go_is_required_when_tools_must_be_built(which, version, word, monkeypatch, tmp_path):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: which)
    monkeypatch.setattr(preflight, "run", lambda _: version)
    for published in (True, False):
        found = preflight._go(published)
        assert bool(found) == bool(word) and all(word in problem for problem in found)


def test_published_images_need_neither_go_nor_much_disk(monkeypatch, tmp_path):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    usage = shutil.disk_usage("/")._replace(free=(preflight.RUN_GIB + 1) * 1024**3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert preflight._go(published=True) and preflight._disk(published=True)
    for tool in toolchain.needed(published=True):
        tool.folder.mkdir(parents=True)
        for program in tool.programs:
            (tool.folder / program).touch()
    assert not preflight._go(published=True) and not preflight._disk(published=True)
    assert preflight._go(published=False) and preflight._disk(published=False)


def test_overlapping_route_is_named(monkeypatch):
    monkeypatch.setattr(preflight, "run", lambda _: '[{"dst": "default"}, {"dst": "10.249.3.0/24"}]')
    (problem,) = preflight._routes(INSTANCE)
    assert "10.249.3.0/24" in problem and INSTANCE.pod_cidr in problem
