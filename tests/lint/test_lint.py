"""Run each linter as one test that prints its findings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LINTERS = {
    "ruff check": ["ruff", "check", "--output-format=concise", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "yamllint": ["yamllint", "--strict", "."],
    "ansible-lint, production profile": ["ansible-lint", "--offline", "--profile=production", "--strict"],
    "mypy": ["mypy", "sandbox/src", "collections/ansible_collections/flaskops/eks/plugins"],
}


@pytest.mark.parametrize("command", LINTERS.values(), ids=list(LINTERS))
def test_linter_finds_nothing(command):
    program = ROOT / ".venv" / "bin" / command[0]
    result = subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}"
