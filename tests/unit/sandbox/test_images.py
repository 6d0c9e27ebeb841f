"""Image archives and the pins that decide whether something is built again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tarfile

from sandbox import toolchain
from sandbox.images.archive import NOBODY, ProgramImage, write_archive


def test_an_archive_is_what_docker_load_expects(tmp_path):
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


def test_a_pin_follows_version_and_flags():
    tool = toolchain.HELM
    assert tool.pin == dataclasses.replace(tool, usual_seconds=1).pin
    assert tool.pin != dataclasses.replace(tool, version="0").pin
    assert tool.pin != dataclasses.replace(tool, linker="-s").pin


def test_half_a_build_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    toolchain.KUBERNETES.folder.mkdir(parents=True)
    (toolchain.KUBERNETES.folder / "kubelet").touch()
    assert not toolchain.KUBERNETES.ready
