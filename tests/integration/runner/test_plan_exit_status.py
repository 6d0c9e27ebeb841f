"""A pipeline can tell no changes, changes and failure of a check run by the exit status of ansible-playbook."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from tests.integration.runner import support

TOPIC = {"name": "topic", "community.aws.sns_topic": {"name": "alarms"}}
FAIL = {"name": "fail", "ansible.builtin.fail": {"msg": "no"}}
ON: t.Final = {"FLASKOPS_PLAN_EXIT_STATUS": "true"}


def run(
    account: support.Account,
    folder: Path,
    *tasks: dict[str, t.Any],
    options: tuple[str, ...] = ("--check",),
    as_json: bool = True,
    **environment: str,
) -> support.Run:
    environment = {**ON, **environment}
    return support.run_tasks(account, folder, list(tasks), *options, environment=environment, as_json=as_json)


def test_no_changes_and_changes(account: support.Account, tmp_path: Path) -> None:
    account.reset()
    planned = run(account, tmp_path, TOPIC)
    assert (planned.returncode, planned.plan()["status"]) == (10, "changes"), planned.output
    made = run(account, tmp_path, TOPIC, options=())
    assert (made.returncode, made.results["topic"]["changed"]) == (0, True), "a real run ends with 0"
    again = run(account, tmp_path, TOPIC)
    assert (again.returncode, again.plan()["status"]) == (0, "unchanged"), again.output


@pytest.mark.parametrize(
    ("tasks", "status"),
    [
        pytest.param([TOPIC, FAIL], 2, id="after a change"),
        pytest.param([FAIL], 2, id="without a change"),
        pytest.param([{"block": [FAIL], "rescue": [TOPIC]}], 1, id="rescued"),
    ],
)
def test_a_failure_is_neither_of_them(
    account: support.Account, tmp_path: Path, tasks: list[dict[str, t.Any]], status: int
) -> None:
    account.reset()
    done = run(account, tmp_path, *tasks)
    assert (done.returncode, done.plan()["status"]) == (status, "failed"), done.output


def test_a_run_that_cannot_be_parsed_leaves_no_earlier_plan(account: support.Account, tmp_path: Path) -> None:
    """The file of an earlier run would look like the plan of this one."""
    (tmp_path / "plan.json").write_text('{"status": "unchanged"}')
    late = {"name": "late", "ansible.builtin.include_role": {"name": "flaskops.eks.nothing"}}
    done = run(account, tmp_path, TOPIC, late)
    assert done.returncode not in (0, 10)
    assert not (tmp_path / "plan.json").exists() or done.plan()["status"] == "failed"


def test_other_callbacks_and_the_next_playbook_still_run(account: support.Account, tmp_path: Path) -> None:
    account.reset()
    callbacks = tmp_path / "callbacks"
    callbacks.mkdir()
    (callbacks / "later.py").write_text(
        "from pathlib import Path\n"
        "from ansible.plugins.callback import CallbackBase\n"
        "DOCUMENTATION = 'name: later\\ntype: aggregate\\nshort_description: probe\\n'\n"
        "class CallbackModule(CallbackBase):\n"
        "    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, 'aggregate', 'later'\n"
        "    CALLBACK_NEEDS_ENABLED = True\n"
        "    def v2_playbook_on_stats(self, stats):\n"
        f"        with Path({str(tmp_path / 'seen')!r}).open('a') as file: file.write('x')\n"
    )
    second = tmp_path / "second.yml"
    second.write_text("- hosts: localhost\n  gather_facts: false\n  tasks: [{ansible.builtin.debug: {msg: two}}]\n")
    done = run(
        account,
        tmp_path,
        TOPIC,
        options=(str(second), "--check"),
        as_json=False,
        ANSIBLE_CALLBACK_PLUGINS=str(callbacks),
        ANSIBLE_CALLBACKS_ENABLED="flaskops.eks.plan,later",
    )
    assert done.returncode == 10, done.output
    assert (tmp_path / "seen").read_text() == "xx"


def test_it_is_off_unless_asked_for(account: support.Account, tmp_path: Path) -> None:
    account.reset()
    done = run(account, tmp_path, TOPIC, FLASKOPS_PLAN_EXIT_STATUS="false")
    assert (done.returncode, done.plan()["status"]) == (0, "changes")
