"""Changed copies of Go modules: what a recipe takes away, and what it refuses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from flaskops_sandbox import patches, toolchain

TEXT = "import one\nimport two\nfunc Two() {\n\treturn\n}\n\nfunc One() {\n}\n"


@pytest.mark.parametrize(
    ("expressions", "left"),
    [
        ([], TEXT),
        ([r"^import two\n"], TEXT.replace("import two\n", "")),
        ([r"^import .*\n", r"^func Two(?:.*\n)+?}\n\n"], "func One() {\n}\n"),
    ],
)
def test_matches_are_deleted(expressions, left):
    assert patches.without(TEXT, expressions, "x.go") == left


def test_an_expression_without_a_match_names_file_and_expression():
    with pytest.raises(patches.PatchError, match=re.escape("x.go: 'three' matches nothing")):
        patches.without(TEXT, ["one", "three"], "x.go")


@pytest.fixture
def module(tmp_path) -> Path:
    """A module as Go unpacks it: read-only files in read-only folders."""
    folder = tmp_path / "cache"
    for name in ("main.go", "keep/a.go", "keep/a_test.go", "drop/b.go", "go.mod", "go.sum"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\nupstream\n")
        (folder / name).chmod(0o444)
    for path in (folder, folder / "keep", folder / "drop"):
        path.chmod(0o555)
    return folder


def recipe(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "patch.toml").write_text(text)
    (folder / "go.mod").write_text("module ours")
    (folder / "go.sum").write_text("sum of ours")
    return folder


def test_a_copy_is_changed_and_the_module_is_not(module, tmp_path):
    rules = recipe(tmp_path / "recipe", 'remove = ["**/*_test.go", "drop"]\n[delete]\n"main.go" = [\'^upstream\\n\']\n')
    copy = tmp_path / "copy"
    patches.make_copy(module, rules, copy)
    files = {str(path.relative_to(copy)): path.read_text() for path in copy.rglob("*") if path.is_file()}
    assert files == {
        "main.go": "main.go\n",
        "keep/a.go": "keep/a.go\nupstream\n",
        "go.mod": "module ours",
        "go.sum": "sum of ours",
    }
    assert (module / "drop" / "b.go").exists() and "upstream" in (module / "main.go").read_text()


def test_a_pattern_without_a_file_is_refused(module, tmp_path):
    with pytest.raises(patches.PatchError, match="gone"):
        patches.make_copy(module, recipe(tmp_path / "recipe", 'remove = ["gone"]'), tmp_path / "copy")


def test_the_recipe_of_external_dns_keeps_aws_and_pins_its_dependencies():
    folder = toolchain.HERE / toolchain.EXTERNAL_DNS.module
    rules = tomllib.loads((folder / patches.RECIPE).read_text())
    assert not {"provider/aws", "provider/factory", "source/ingress.go"} & set(rules["remove"])
    pinned = (folder / "go.mod").read_text() + (folder / "go.sum").read_text()
    assert "aws-sdk-go-v2/service/route53 " in pinned
    assert "openshift" not in pinned and "egoscale" not in pinned
