"""Optional controllers: built once, made an image, and told to the instance."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from flaskops_sandbox import lifecycle, optional, toolchain
from flaskops_sandbox.images import debian
from flaskops_sandbox.images.build import Built
from flaskops_sandbox.instance import Instance

BUILT = Built(
    node="node:1",
    published=False,
    python_base="python:1",
    charts={"metrics_server": "/charts/metrics-server"},
    images={},
    to_push={"external_secrets": "localhost/flaskops/standin:1"},
)
CONTROLLER = optional.CONTROLLERS["external-dns"]


@pytest.fixture
def done(tmp_path, monkeypatch) -> list[str]:
    """What was built and loaded; Go and podman do not run."""
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path / "state"))
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path / "cache"))
    steps: list[str] = []
    loaded: set[str] = set()

    def build(tool: toolchain.Tool, _: Path) -> None:
        tool.folder.mkdir(parents=True, exist_ok=True)
        tool.program("external-dns").write_bytes(b"\x7fELF not really")
        steps.append(f"built {tool.name}")

    def podman(*words: str | Path, **_: object) -> str:
        assert Path(words[-1]).stat().st_size
        loaded.add(CONTROLLER.image)
        steps.append(" ".join(map(str, words[:-1])))
        return ""

    monkeypatch.setattr(toolchain, "build", build)
    monkeypatch.setattr(toolchain, "module_folder", lambda *_: Path("/module"))
    monkeypatch.setattr(optional, "podman", podman)
    monkeypatch.setattr(debian, "image_exists", loaded.__contains__)
    return steps


def test_a_controller_is_made_once_and_named_by_its_pin(done, tmp_path):
    first = optional.ensure(["external-dns", "external-dns"], BUILT, tmp_path / "log")
    assert done == ["built external-dns", "load --quiet --input"]
    assert first.charts == {**BUILT.charts, "external_dns": "/module/charts/external-dns"}
    assert first.to_push == {**BUILT.to_push, "external_dns": CONTROLLER.image}
    assert CONTROLLER.tool.pin in CONTROLLER.image
    assert optional.ensure(["external-dns"], BUILT, tmp_path / "log") == first
    assert done.count("load --quiet --input") == 1


def test_no_controller_changes_nothing(done, tmp_path):
    assert optional.ensure([], BUILT, tmp_path / "log") == BUILT
    assert done == []


def test_where_images_are_pulled_nothing_is_built(done, tmp_path, capsys):
    published = dataclasses.replace(BUILT, published=True)
    assert optional.ensure(["external-dns"], published, tmp_path / "log") == published
    assert done == []
    assert "published chart and image" in capsys.readouterr().out


def test_the_instance_remembers_its_controllers_where_the_inventory_reads_them(done, tmp_path):
    instance = Instance.make("one")
    instance.ca_file.write_text("certificate")
    assert optional.recorded(instance) == []
    lifecycle.write_facts(instance, optional.ensure(["external-dns"], BUILT, tmp_path / "log"))
    facts = json.loads(instance.facts_file.read_text())
    repository = f"{instance.registry}/sandbox/external_dns"
    assert facts["images"]["external_dns"] == {"repository": repository, "tag": CONTROLLER.image.rpartition(":")[2]}
    assert facts["charts"]["external_dns"] == "/module/charts/external-dns"
    assert optional.recorded(instance) == ["external-dns"]


def test_a_pin_follows_the_recipe_and_the_go_release():
    tool = CONTROLLER.tool
    assert tool.pin != dataclasses.replace(tool, go="1.27.4").pin
    assert tool.pin != dataclasses.replace(tool, copy_of="example.test/other").pin
    assert tool.pin != dataclasses.replace(tool, module="pause").pin
