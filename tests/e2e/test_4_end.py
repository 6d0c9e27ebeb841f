"""The way back: nothing of ours in the account, then nothing of the instance on the machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import inventory
import pytest
from machine import assert_gone, output
from system import ROOT, System

from sandbox import lifecycle, toolchain


@pytest.fixture(scope="module")
def torn_down(system: System) -> System:
    run = system.playbook("playbooks/teardown.yml", log="teardown")
    assert run.code == 0, run.output[-4000:]
    return system


def test_teardown_leaves_nothing_in_the_account(torn_down):
    remains = {kind: names for kind, names in inventory.account(torn_down).items() if names}
    assert not remains


def test_teardown_of_nothing_changes_nothing(torn_down):
    run = torn_down.playbook("playbooks/teardown.yml", log="teardown-again")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0


def test_a_killed_account_is_not_half_remembered(torn_down):
    instance = torn_down.instance
    (pid,) = lifecycle.daemon_pids(instance, "account")
    os.kill(pid, signal.SIGKILL)
    run = torn_down.sandbox("up")
    assert run.code == 0, run.output
    assert "starting empty" in run.output
    assert not torn_down.calls() or not [call for call in torn_down.calls() if call["mutating"]]


def test_down_leaves_nothing_on_the_machine(torn_down):
    instance = torn_down.instance
    run = torn_down.sandbox("down")
    assert run.code == 0, run.output
    assert_gone(instance)


def test_a_killed_build_is_not_taken_for_a_finished_one(tmp_path, monkeypatch):
    """kind's own build, in a cache of the test's: killed at its start, then built by the next try."""
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    log = tmp_path / "build.log"
    script = (
        f"from pathlib import Path; from sandbox import toolchain; toolchain.build(toolchain.KIND, Path({str(log)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(log)], cwd=ROOT, start_new_session=True)
    while not list(tmp_path.glob("tools/*.partial")):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not toolchain.KIND.ready
    toolchain.build(toolchain.KIND, log)
    assert "kind" in output(str(toolchain.KIND.program("kind")), "version")
