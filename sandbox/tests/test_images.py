"""Image archives, and pins that decide whether something is built again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tarfile

import pytest

from flaskops_sandbox import toolchain
from flaskops_sandbox.images import build
from flaskops_sandbox.images.archive import NOBODY, ProgramImage, write_archive


def test_archive_has_the_docker_load_format(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF not really")
    target = tmp_path / "image.tar"
    write_archive(ProgramImage("example.test/x:v1", {"/x": program}, entrypoint=("/x",), user=NOBODY), target)
    with tarfile.open(target) as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(manifest["Config"]))
        (layer,) = manifest["Layers"]
        data = archive.extractfile(layer).read()
    assert manifest["RepoTags"] == ["example.test/x:v1"]
    assert config["config"]["Entrypoint"] == ["/x"]
    assert config["config"]["User"] == str(NOBODY)
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(data).hexdigest()}"]


def test_programs_are_executable_and_tmp_is_writable(tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"x")
    target = tmp_path / "image.tar"
    write_archive(ProgramImage("example.test/x:v1", {"/bin/x": program}), target)
    with tarfile.open(target) as archive:
        layer = next(name for name in archive.getnames() if name.endswith(".tar"))
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            modes = {entry.name: entry.mode for entry in files.getmembers()}
    assert modes == {"tmp": 0o1777, "bin/x": 0o755}


def test_pin_depends_on_version_and_flags():
    tool = toolchain.HELM
    assert tool.pin == dataclasses.replace(tool, usual_seconds=1).pin
    assert tool.pin != dataclasses.replace(tool, version="0").pin
    assert tool.pin != dataclasses.replace(tool, linker="-s").pin


def test_incomplete_build_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    toolchain.KUBERNETES.folder.mkdir(parents=True)
    (toolchain.KUBERNETES.folder / "kubelet").touch()
    assert not toolchain.KUBERNETES.ready


def test_remains_of_a_killed_build_are_removed_by_the_next_one(tmp_path):
    target = tmp_path / "tools" / "kind-1"
    left = target.with_name("kind-1.4711.partial")
    other = target.with_name("kind-10.4711.partial")
    for folder in (left, other):
        folder.mkdir(parents=True)
        (folder / "kind").touch()
    with pytest.raises(RuntimeError), toolchain.scratch(target) as folder:
        assert not left.exists() and folder.is_dir()
        raise RuntimeError("the build fails")
    assert [path.name for path in target.parent.iterdir()] == [other.name]


def test_only_unused_programs_are_removed_from_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    old_tool, old_tarball, used = tmp_path / "tools/kind-1", tmp_path / "debian/base-1.tar", toolchain.KIND.folder
    for folder in (old_tool, used, old_tarball.parent):
        folder.mkdir(parents=True)
    old_tarball.touch()
    (used / "kind").touch()
    for path in (old_tool, old_tarball, used):
        os.utime(path, (0, 0))
    toolchain.build(toolchain.KIND, tmp_path / "log")
    toolchain.prune()
    assert used.exists() and not old_tool.exists() and not old_tarball.exists()


@pytest.mark.parametrize(
    ("published", "program"), [(True, toolchain.KUBECTL), (False, toolchain.KUBERNETES)], ids=["pulled", "built"]
)
def test_kubectl_is_available_in_both_modes(published, program, tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    for tool in toolchain.needed(published):
        tool.folder.mkdir(parents=True)
        for name in tool.programs:
            (tool.folder / name).touch()
    assert toolchain.kubectl() == program.program("kubectl")
    assert toolchain.kubectl().exists()


NOW = 100 * 24 * 3600
OLD, YOUNG = NOW - 25 * 3600, NOW - 23 * 3600


@pytest.mark.parametrize(
    ("row", "stale"),
    [
        ({"Names": ["localhost/flaskops/node:v1-a"], "Created": OLD}, ["localhost/flaskops/node:v1-a"]),
        ({"Names": ["198.18.77.2:5000/flask-local:c0ffee"], "Created": OLD}, ["198.18.77.2:5000/flask-local:c0ffee"]),
        ({"Names": ["localhost/flaskops/node:v1-a"], "Created": YOUNG}, []),
        ({"Names": ["localhost/flaskops/node:used"], "Created": OLD}, []),
        ({"Names": ["docker.io/library/python:3.13", "localhost/mine:1"], "Created": OLD}, []),
        ({"Names": ["example.test/localhost/flaskops/node:v1"], "Created": OLD}, []),
        ({"Names": None, "Created": OLD}, []),
        ({"Created": OLD}, []),
    ],
)
def test_only_our_old_unused_images_are_stale(row, stale):
    assert build.stale_images([row, row], {"localhost/flaskops/node:used"}, NOW) == stale
