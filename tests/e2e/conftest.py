"""The instance that molecule and the end-to-end tests share; a running `make up` has another and is left alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from system import System

INSTANCE = "test"


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    assert os.geteuid() == 0, "the sandbox needs root: run `make test` as root"
    made = System(INSTANCE, tmp_path_factory.mktemp("e2e"))
    made.sandbox("down")  # what a killed run may have left
    started = made.sandbox("up")
    assert started.code == 0, started.output
    yield made
    if not os.environ.get("FLASKOPS_KEEP"):
        made.sandbox("down")
