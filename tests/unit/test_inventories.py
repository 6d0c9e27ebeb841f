"""Inventories hold what differs from the defaults of roles, and what an upgrade of the collection must not change."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
INVENTORIES = ROOT / "inventories"
ENVIRONMENTS = ("local", "dev", "staging", "prod")

VERSION = "a version is upgraded by the inventory, not by a new default"
IMMUTABLE = "it cannot be changed, or only by replacing the resource"
PROTECTION = "protection and retention of data stay what the inventory says"
SIZE = "the number of pods is read and set in one place"
OWNER = "the owner of the inventory fills it in"
PINS = {
    "*_chart_version": VERSION,
    "eks_version": VERSION,
    "data_stores_*_engine_version": VERSION,
    "data_stores_*_engine": IMMUTABLE,
    "network_vpc_cidr": IMMUTABLE,
    "network_subnets": IMMUTABLE,
    "eks_encryption_key": IMMUTABLE,
    "secrets_encryption_key": IMMUTABLE,
    "flask_app_namespace": IMMUTABLE,
    "eks_deletion_protection": PROTECTION,
    "data_stores_database_deletion_protection": PROTECTION,
    "data_stores_database_final_snapshot": PROTECTION,
    "data_stores_database_backup_retention_days": PROTECTION,
    "data_stores_cache_snapshot_retention_days": PROTECTION,
    "secrets_recovery_window_days": PROTECTION,
    "flask_app_applications.autoscaling.*": SIZE,
    "eks_admin_principal_arn": OWNER,
    "flask_app_ca_certificates": OWNER,
}
# Variables that only the inventory of the sandbox sets.
SANDBOX = "flaskops_sandbox"
FILES = sorted({path.name for path in INVENTORIES.glob("*/group_vars/all/*.yml")})


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def variables(environment: str, file: str) -> dict[str, Any]:
    """Variables that the environment sets in that file. A missing file sets none."""
    return read(INVENTORIES / environment / "group_vars" / "all" / file)


def everything(environment: str) -> dict[str, Any]:
    return {name: value for file in FILES for name, value in variables(environment, file).items()}


@cache
def defaults() -> dict[str, Any]:
    return {
        name: value
        for path in (ROOT / "roles").glob("*/defaults/main.yml")
        for name, value in read(path).items()
    }  # fmt: skip


@cache
def options() -> dict[str, Any]:
    """Every option of every role, with its nested options."""
    return {
        name: option
        for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")
        for entry in read(path)["argument_specs"].values()
        for name, option in entry.get("options", {}).items()
    }


def repeated(name: str, value: Any, option: dict[str, Any]) -> Iterator[str]:
    """Settings of a nested value that equal their default."""
    inner = option.get("options", {})
    for item in value if isinstance(value, list) else [value]:
        for key, setting in item.items() if isinstance(item, dict) else ():
            path = f"{name}.{key}"
            if key in inner and isinstance(setting, (dict, list)) and inner[key].get("options"):
                yield from repeated(path, setting, inner[key])
            elif key in inner and "default" in inner[key] and inner[key]["default"] == setting:
                yield path


def nested(name: str, option: dict[str, Any]) -> Iterator[str]:
    """Paths of the nested options."""
    for key, inner in option.get("options", {}).items():
        yield f"{name}.{key}"
        yield from nested(f"{name}.{key}", inner)


def is_pin(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in PINS)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_the_same_files(environment: str) -> None:
    assert {path.name for path in (INVENTORIES / environment / "group_vars" / "all").iterdir()} == set(FILES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("file", FILES)
def test_a_file_holds_the_variables_of_its_role(environment: str, file: str) -> None:
    prefix = f"{file.removesuffix('.yml')}_"
    assert not [name for name in variables(environment, file) if not name.startswith(prefix)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_variable_repeats_the_default_of_its_role(environment: str) -> None:
    known = defaults()
    given = everything(environment)
    assert not [name for name, value in given.items() if name in known and known[name] == value and not is_pin(name)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_nested_setting_repeats_its_default(environment: str) -> None:
    specs = options()
    given = everything(environment)
    found = [path for name, value in given.items() if name in specs for path in repeated(name, value, specs[name])]
    assert not [path for path in found if not is_pin(path)]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_sets_every_pin(environment: str) -> None:
    given = everything(environment)
    pinned = {name for other in ENVIRONMENTS for name in everything(other) if is_pin(name)}
    assert not pinned - set(given)


def test_every_pin_exists() -> None:
    names = [name for environment in ENVIRONMENTS for name in everything(environment)]
    names += [path for name, option in options().items() for path in nested(name, option)]
    assert not [pattern for pattern in PINS if not any(fnmatchcase(name, pattern) for name in names)]


@pytest.mark.parametrize("environment", ENVIRONMENTS[1:])
def test_only_the_local_inventory_knows_the_sandbox(environment: str) -> None:
    for path in (INVENTORIES / environment).rglob("*.yml"):
        assert SANDBOX not in path.read_text(encoding="utf-8"), path
