"""Rules of this repository that no linter knows: interfaces, defaults and READMEs of roles agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def specs(role: str) -> dict:
    return yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]


def defaults(role: str) -> dict:
    path = ROOT / "roles" / role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def options(role: str) -> dict:
    """Every option of every entry point."""
    return {name: option for entry in specs(role).values() for name, option in entry.get("options", {}).items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_public_variable_carries_the_roles_name(role):
    names = {*options(role), *defaults(role)}
    assert not [name for name in names if not name.startswith(f"{role}_")]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_specs_name_the_same_variables(role):
    documented = options(role)
    assert set(defaults(role)) <= set(documented), "in defaults/, not in argument_specs"
    optional = {name for name, option in documented.items() if not option.get("required")}
    silent = {name for name in optional - set(defaults(role)) if "default" in documented[name]}
    assert not silent, "has a default in argument_specs, but none in defaults/"


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable(role):
    text = (ROOT / "roles" / role / "README.md").read_text()
    assert not [name for name in options(role) if f"`{name}`" not in text]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_the_entry_points_that_playbooks_call(role):
    tasks = {path.stem for path in (ROOT / "roles" / role / "tasks").iterdir()}
    assert {"main", "validate"} <= tasks
    assert set(specs(role)) <= tasks, "an entry point without a task file"
