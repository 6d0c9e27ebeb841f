"""Only a status of 0 is replaced, and only in the process that runs the plan."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.errors import ExitCode
from ansible_collections.flaskops.eks.plugins.plugin_utils import exit_status


@pytest.fixture(autouse=True)
def original_exit() -> Iterator[None]:
    yield
    exit_status.reset()


def left_with(status: Any) -> Any:
    with pytest.raises(SystemExit) as caught:
        sys.exit(status)
    return caught.value.code


@pytest.mark.parametrize(
    ("failed", "changes", "expected"),
    [
        (False, 0, "unchanged"),
        (False, 3, "changes"),
        (True, 0, "failed"),
        (True, 3, "failed"),
    ],
)
def test_a_failure_is_neither_changes_nor_none(failed: bool, changes: int, expected: str) -> None:
    assert exit_status.outcome(failed=failed, changes=changes) == expected


@pytest.mark.parametrize(("name", "status"), [("unchanged", 0), ("changes", 10), ("failed", 1)])
@pytest.mark.parametrize("success", [None, 0, ExitCode.SUCCESS])
def test_success_becomes_the_outcome(name: str, status: int, success: Any) -> None:
    exit_status.apply(name)
    assert left_with(success) == status


@pytest.mark.parametrize("failure", [1, 2, 4, ExitCode.KEYBOARD_INTERRUPT, 250, "message"])
def test_a_failure_of_the_run_stays(failure: Any) -> None:
    exit_status.apply("changes")
    assert left_with(failure) == failure


def test_a_fork_leaves_as_before() -> None:
    """Modules that run in a worker call sys.exit(0) as well."""
    exit_status.apply("changes")
    child = os.fork()
    if not child:
        try:
            sys.exit(0)
        except SystemExit as stop:
            os._exit(int(stop.code or 0))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_changes_have_a_status_of_their_own() -> None:
    """No status of ansible-core is 10, and no sum of the flags that it adds up is."""
    used = {int(code) for code in ExitCode} | set(range(8)) | {8, 255}
    assert exit_status.STATUS["changes"] not in used


def test_reset_ends_it() -> None:
    exit_status.apply("changes")
    exit_status.reset()
    assert left_with(0) == 0
