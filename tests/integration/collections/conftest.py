"""The account of tests/integration/roles, and a folder with what Galaxy would have installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
for folder in ("tests/integration/collections", "tests/integration/roles", "tests/e2e", "sandbox/tests/account"):
    sys.path.insert(0, str(ROOT / folder))

from account_running import instance as instance
from account_running import running as running
from account_running import state_root as state_root
from artifacts import DEPENDENCIES, install, pack
from production import managed_policies as managed_policies
from production import production as production


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Artifacts of the collections that this one depends on. Galaxy cannot be reached from everywhere."""
    folder = tmp_path_factory.mktemp("artifacts")
    return [pack(collection, folder) for collection in DEPENDENCIES]


@pytest.fixture(scope="session")
def requirements(stand_ins: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which AWX has installed collections/requirements.yml."""
    folder = tmp_path_factory.mktemp("requirements_collections")
    install(stand_ins, folder)
    return folder
