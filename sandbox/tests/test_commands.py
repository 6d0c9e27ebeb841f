"""Run programs: error messages and timeouts."""

from __future__ import annotations

import pytest

from flaskops_sandbox.commands import CommandError, run


def test_output_is_returned_and_logged(tmp_path):
    log = tmp_path / "log"
    assert run(["sh", "-c", "echo told; echo aside >&2"], log=log) == "told\n"
    assert log.read_text().splitlines() == ["$ sh -c echo told; echo aside >&2", "told", "aside"]


def test_failure_names_command_code_log_and_last_lines(tmp_path):
    with pytest.raises(CommandError, match=r"failed with exit code 3 .*log") as caught:
        run(["sh", "-c", "seq 40; exit 3"], log=tmp_path / "log")
    lines = str(caught.value).splitlines()
    assert lines[-1] == "40" and "20" not in lines


def test_failure_shows_errors_instead_of_the_trace(tmp_path):
    with pytest.raises(CommandError) as caught:
        run(["sh", "-c", "echo 'error: the kubelet is not healthy'; seq 40; exit 1"], log=tmp_path / "log")
    assert str(caught.value).splitlines()[1:] == ["error: the kubelet is not healthy"]


def test_timeout_ends_the_program():
    with pytest.raises(CommandError, match="timed out after 0 s"):
        run(["sleep", "60"], timeout=0.1)


def test_missing_program_is_named():
    with pytest.raises(CommandError, match="no-such-program: not found; run `make setup`"):
        run(["no-such-program"])
