"""Running other programs: what a person reads when one fails, and that none runs for ever."""

from __future__ import annotations

import pytest

from flaskops_sandbox.commands import CommandError, run


def test_output_comes_back_and_goes_to_the_log(tmp_path):
    log = tmp_path / "log"
    assert run(["sh", "-c", "echo told; echo aside >&2"], log=log) == "told\n"
    assert log.read_text().splitlines() == ["$ sh -c echo told; echo aside >&2", "told", "aside"]


def test_a_failure_names_command_code_log_and_last_lines(tmp_path):
    with pytest.raises(CommandError, match=r"ended with 3 .*log") as caught:
        run(["sh", "-c", "seq 40; exit 3"], log=tmp_path / "log")
    lines = str(caught.value).splitlines()
    assert lines[-1] == "40" and "20" not in lines


def test_a_failure_tells_errors_rather_than_the_trace_that_follows(tmp_path):
    with pytest.raises(CommandError) as caught:
        run(["sh", "-c", "echo 'error: the kubelet is not healthy'; seq 40; exit 1"], log=tmp_path / "log")
    assert str(caught.value).splitlines()[1:] == ["error: the kubelet is not healthy"]


def test_what_hangs_is_ended():
    with pytest.raises(CommandError, match="did not end within 0 s"):
        run(["sleep", "60"], timeout=0.1)


def test_a_missing_program_is_named():
    with pytest.raises(CommandError, match="no-such-program is not there: `make setup`"):
        run(["no-such-program"])
