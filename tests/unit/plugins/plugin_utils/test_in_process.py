"""A module run in process: its result, and no remaining side effects."""

from __future__ import annotations

import atexit
import json
import os
import sys
import types
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils import _internal as core_internal
from ansible.module_utils import basic
from ansible_collections.flaskops.eks.plugins.plugin_utils import _in_process as runner

ARGUMENTS: dict[str, t.Any] = {"_ansible_check_mode": False, "_ansible_no_log": False, "_ansible_module_name": "probe"}


def module(work: t.Callable[[basic.AnsibleModule], None]) -> types.ModuleType:
    """A module with one ordinary and one secret option."""

    def main() -> None:
        specification = {"name": {"type": "str", "required": True}, "secret": {"type": "str", "no_log": True}}
        work(basic.AnsibleModule(argument_spec=specification, supports_check_mode=True))

    made = types.ModuleType("probe")
    made.main = main  # type: ignore[attr-defined]
    return made


def run(
    work: t.Callable[[basic.AnsibleModule], None], environment: dict[str, str] | None = None, **options: t.Any
) -> dict[str, t.Any]:
    return runner.call_main(module(work), {**ARGUMENTS, **options}, environment or {})


def parsed(completed: dict[str, t.Any]) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(completed["stdout"].strip().splitlines()[-1]))


@pytest.fixture(autouse=True)
def no_check_of_streams(capsys: pytest.CaptureFixture[str]) -> t.Iterator[None]:
    """Whatever a module prints never reaches the real output."""
    yield
    assert capsys.readouterr().out == ""


def test_result_and_censoring() -> None:
    """The result as JSON on what was standard output, the secret nowhere in it."""
    completed = run(
        lambda it: it.exit_json(changed=True, told=f"it is {it.params['secret']}"), name="a", secret="hunter2"
    )
    result = parsed(completed)
    assert (completed["rc"], result["changed"], result["invocation"]["module_args"]["name"]) == (0, True, "a")
    assert "hunter2" not in completed["stdout"]


def test_wrong_arguments() -> None:
    """The module's own message."""
    completed = run(lambda it: it.exit_json())
    assert completed["rc"] == 1
    assert parsed(completed)["msg"] == "missing required arguments: name"


def test_uncaught_exception() -> None:
    """A failed result, not an exception in the worker."""

    def work(_module: basic.AnsibleModule) -> None:
        raise ValueError("boom")

    completed = run(work, name="a")
    assert completed["rc"] == 1
    assert parsed(completed)["failed"] is True
    assert "boom" in completed["stdout"]


def test_exit_without_a_result() -> None:
    """As when an interpreter ends: the code and what was written."""
    completed = run(lambda _module: sys.exit("gone wrong"), name="a")
    assert (completed["rc"], completed["stdout"], completed["stderr"]) == (1, "", "gone wrong\n")


def test_process_state_is_restored(tmp_path: Path) -> None:
    """Environment, folder, streams, hooks, warnings: all as before; what was registered for the exit has run."""
    before = dict(os.environ), Path.cwd(), sys.stdout, sys.argv, atexit.register, core_internal.is_controller
    left = tmp_path / "left"

    def work(it: basic.AnsibleModule) -> None:
        assert os.environ["GIVEN"] == "yes"
        os.environ["LEAKED"] = "yes"
        os.chdir(tmp_path)
        left.touch()
        atexit.register(left.unlink)
        it.warn("careful")
        it.exit_json()

    first = run(work, {"GIVEN": "yes"}, name="a")
    assert "careful" in first["stdout"]
    assert not left.exists()
    assert (dict(os.environ), Path.cwd(), sys.stdout, sys.argv, atexit.register, core_internal.is_controller) == before
    assert "careful" not in run(lambda it: it.exit_json(), name="b")["stdout"]
    assert basic._ANSIBLE_ARGS is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core_release", "2.19.99"),
        ("PRIVATE_PARTS", ((None, "anything"),)),
        ("PRIVATE_PARTS", ((basic, "_NO_SUCH_THING"),)),
    ],
)
def test_untested_core_release_is_rejected(monkeypatch: pytest.MonkeyPatch, name: str, value: t.Any) -> None:
    """An untested release or a missing private part turns the runner off."""
    assert runner.enabled()
    monkeypatch.setattr(runner, name, value)
    assert not runner.enabled()
    assert str(runner.untested()).startswith("ansible-core 2.19.")


def test_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    """People can turn it off."""
    monkeypatch.setenv(runner.SWITCH, "0")
    assert not runner.enabled()


def test_module_whose_imports_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is run the ordinary way, which says what is missing."""
    (tmp_path / "needs_much.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert runner.load(runner.Target("a.b.needs_much", "needs_much", str(tmp_path / "needs_much.py"))) is None
