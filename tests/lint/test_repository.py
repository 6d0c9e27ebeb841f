"""Rules for files: contents of the artifact, no reference to the sandbox in roles, no built or private files in git."""

from __future__ import annotations

import ast
import re
import subprocess
import tarfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTIFACT = {
    "CHANGELOG.md", "CONTRIBUTING.md", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "changelogs", "docs",
    "meta", "playbooks", "plugins", "roles",
}  # fmt: skip


def test_artifact_contains_only_collection_content(tmp_path):
    program = ROOT / ".venv" / "bin" / "ansible-galaxy"
    subprocess.run(
        [program, "collection", "build", "--output-path", tmp_path], cwd=ROOT, check=True, capture_output=True
    )
    (artifact,) = tmp_path.glob("flaskops-eks-*.tar.gz")
    with tarfile.open(artifact) as archive:
        names = archive.getnames()
    assert {name.split("/")[0] for name in names} <= ARTIFACT
    assert not [name for name in names if "__pycache__" in name]
    roles = {name.split("/")[1] for name in names if name.startswith("roles/")}
    assert roles == {path.name for path in (ROOT / "roles").iterdir()}


def test_roles_playbooks_and_plugins_do_not_mention_the_sandbox():
    found = []
    for path in sorted(path for folder in ("roles", "playbooks", "plugins") for path in (ROOT / folder).rglob("*")):
        place = path.relative_to(ROOT)
        if path.suffix not in {".yml", ".py", ".j2"}:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"(?<![a-z])sandbox|\b(is_local|moto|localstack)\b", line, re.I):
                found.append(f"{place}:{number}: {line.strip()}")
    assert not found


def imported(path: Path) -> set[str]:
    """The packages that a Python file imports, by the first part of their names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("files", "package"),
    [
        ("*plugins/**/*.py", "flaskops_sandbox"),
        ("sandbox/**/*.py", "ansible_collections"),
        ("sandbox/src/**/*.py", "ansible"),
    ],
)
def test_the_collection_and_the_sandbox_do_not_import_each_other(files, package):
    paths = sorted(ROOT.glob(files))
    assert paths, f"no file matches {files}"
    assert not [path for path in paths if package in imported(path)], f"{package} is imported"


def test_git_tracks_no_built_or_private_files():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in names if re.search(r"\.(tar|gz|zip|so|pyc|key|pem)$", name)]


def test_every_plugin_names_its_licence():
    plugins = sorted((ROOT / "plugins").rglob("*.py"))
    assert not [
        path for path in plugins if "\n# SPDX-License-Identifier: GPL-3.0-or-later\n" not in path.read_text()[:400]
    ]


def own_modules(path: Path) -> set[str]:
    """The modules of this collection that a Python file imports, by their names below plugins."""
    prefix = "ansible_collections.flaskops.eks.plugins."
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = prefix + f"{path.parent.name}." if node.level else ""
            names |= {f"{base}{node.module or ''}.{alias.name}" for alias in node.names}
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


FILTERS = sorted((ROOT / "plugins" / "filter").glob("*.py"))


@pytest.mark.parametrize("path", FILTERS, ids=lambda path: path.stem)
def test_filters_import_shared_code_only(path):
    """A function that two filters need belongs to module_utils or plugin_utils."""
    assert not [name for name in own_modules(path) if not name.startswith(("module_utils.", "plugin_utils."))]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from ansible_collections.flaskops.eks.plugins.filter.tags import tagged_with", {"filter.tags.tagged_with"}),
        ("from ansible_collections.flaskops.eks.plugins.filter import tags", {"filter.tags"}),
        ("import ansible_collections.flaskops.eks.plugins.filter.tags", {"filter.tags"}),
        ("from .tags import tagged_with", {"filter.tags.tagged_with"}),
        ("from . import tags", {"filter..tags"}),
        ("import json", set()),
    ],
)
def test_imports_of_another_filter_are_found(tmp_path, source, found):
    path = tmp_path / "filter" / "probe.py"
    path.parent.mkdir()
    path.write_text(source)
    assert own_modules(path) == found


def test_test_modules_have_unique_names():
    """pytest imports all tests in one process by their file name; two files of one name stop the whole run."""
    listed = subprocess.run(["git", "ls-files", "*/test_*.py"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = [Path(name).name for name in listed.stdout.split()]
    assert sorted(name for name, count in Counter(names).items() if count > 1) == []
