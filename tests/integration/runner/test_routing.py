"""Which action runs a module: with this repository's ansible.cfg, without it, and beside a playbook."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from tests.integration.runner import support
from tests.integration.runner.test_equal_results import TRUST, named

TASKS: list[dict[str, t.Any]] = [
    named("role", "amazon.aws.iam_role", {"name": "cluster", "assume_role_policy_document": TRUST}),
    named(
        "cluster",
        "flaskops.eks.eks_cluster",
        {
            "name": "c",
            "version": "1.34",
            "role_arn": "{{ role.iam_role.arn | default('(known after apply)') }}",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "wait": False,
        },
    ),
]
CONFIG = f"""[defaults]
collections_path = {support.ROOT}/collections
callbacks_enabled = flaskops.eks.plan
localhost_warning = False
"""


def run(account: support.Account, folder: Path, *options: str, config: bool, beside: bool) -> support.Run:
    """Run TASKS with ``action_plugins`` in ansible.cfg, in a folder beside the playbook, in both or in neither."""
    if beside:
        (folder / "action_plugins").symlink_to(support.ROOT / "action_plugins")
    path = folder / "ansible.cfg"
    path.write_text(CONFIG + (f"action_plugins = {support.ROOT}/action_plugins\n" if config else ""))
    account.reset()
    return support.run_tasks(account, folder, TASKS, *options, environment={"ANSIBLE_CONFIG": str(path)})


def in_process(output: str) -> set[str]:
    """The modules that ran in process."""
    return set(re.findall(r"Running module file \S+/(\w+)\.py in process", output))


@pytest.mark.parametrize(
    ("config", "beside", "expected"),
    [
        (True, False, {"iam_role", "eks_cluster"}),
        (False, True, {"iam_role", "eks_cluster"}),
        (True, True, {"iam_role", "eks_cluster"}),
        (False, False, {"eks_cluster"}),
    ],
)
def test_modules_run_once_and_change_the_same(
    account: support.Account, tmp_path: Path, config: bool, beside: bool, expected: set[str]
) -> None:
    done = run(account, tmp_path, "-vvv", config=config, beside=beside)
    assert in_process(done.output) == expected
    assert [done.results[name]["changed"] for name in ("role", "cluster")] == [True, True], done.output
    # The group's defaults reached both: without an endpoint and keys neither could call the account.
    profile = ["AddRoleToInstanceProfile", "CreateInstanceProfile"]
    assert sorted(account.writes) == [*profile, "CreateRole", "POST /clusters"]


def test_a_module_of_ours_is_planned_without_ansible_cfg(account: support.Account, tmp_path: Path) -> None:
    done = run(account, tmp_path, "--check", config=False, beside=False)
    assert account.writes == []
    lines = {(line["kind"], line["name"]): line["action"] for line in done.plan()["resources"]}
    assert lines["eks_cluster", "c"] == "create"
