"""Teardown: nothing is left in the account, then nothing of the instance is left on the machine."""

from __future__ import annotations

import os
import signal
import sys

import inventory
import pytest
from machine import assert_gone, output
from system import PROGRAMS, System

from flaskops_sandbox import lifecycle, toolchain


@pytest.fixture(scope="module")
def torn_down(system: System) -> System:
    run = system.playbook("playbooks/teardown.yml", log="teardown")
    assert run.code == 0, run.output[-4000:]
    return system


def test_teardown_leaves_nothing_in_the_account(torn_down):
    remains = {kind: names for kind, names in inventory.account(torn_down).items() if names}
    assert not remains


def test_second_teardown_changes_nothing(torn_down):
    run = torn_down.playbook("playbooks/teardown.yml", log="teardown-again")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0


def test_up_after_a_killed_account_starts_empty(torn_down):
    instance = torn_down.instance
    (pid,) = lifecycle.daemon_pids(instance, "account")
    os.kill(pid, signal.SIGKILL)
    run = torn_down.sandbox("up")
    assert run.code == 0, run.output
    assert "starting empty" in run.output
    assert not torn_down.calls() or not [call for call in torn_down.calls() if call["mutating"]]


def test_molecule_creates_and_destroys_an_instance(torn_down):
    """The first and last steps of `molecule test`."""
    instance = torn_down.instance
    run = torn_down.run(PROGRAMS / "molecule", "destroy", log="molecule-destroy")
    assert run.code == 0, run.output[-4000:]
    assert_gone(instance)
    run = torn_down.run(PROGRAMS / "molecule", "create", log="molecule-create")
    assert run.code == 0, run.output[-4000:]
    assert torn_down.sandbox("status").code == 0


def test_down_after_a_killed_run_leaves_nothing_on_the_machine(torn_down):
    instance = torn_down.instance
    command = [PROGRAMS / "ansible-playbook", "playbooks/infrastructure.yml", "-i", "inventories/local"]
    torn_down.kill_when("TASK [flaskops.eks.data_stores", *command, log="killed-before-the-end")
    run = torn_down.sandbox("down")
    assert run.code == 0, run.output
    assert_gone(instance)


def test_killed_build_is_built_again(system, tmp_path, monkeypatch):
    """Uses the build of kind, the first one of `make up`, in a separate cache."""
    system.environment["FLASKOPS_CACHE_ROOT"] = str(tmp_path)
    system.kill_when("build kind ", sys.executable, "-m", "flaskops_sandbox", "up", log="killed-during-build")
    down = system.sandbox("down")
    del system.environment["FLASKOPS_CACHE_ROOT"]
    assert down.code == 0, down.output
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    assert not toolchain.KIND.ready
    toolchain.build(toolchain.KIND, tmp_path / "build.log")
    assert "kind" in output(str(toolchain.KIND.program("kind")), "version")
