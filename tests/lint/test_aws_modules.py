"""Roles and playbooks use AWS modules as their records allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import pytest
import yaml
from ansible_collections.flaskops.eks.plugins.plugin_utils.records import RECORDS
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SERVICES = {
    "acm": ("acm", "route53"),
    "ecr": ("ecr",),
    "eks": ("eks",),
    "elasticache": ("elasticache",),
    "iam": ("iam",),
    "rds": ("rds",),
    "secretsmanager": ("secretsmanager",),
}
"""The services that a package of module_utils calls."""
OWN = "flaskops.eks."
BLOCKS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
INCLUDES = ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks")


class Task(NamedTuple):
    """A task, and whether it always runs in check mode: by itself, by a block, or by what includes it."""

    path: Path
    keywords: dict[str, Any]
    always_checks: bool

    @property
    def modules(self) -> set[str]:
        return {key for key in self.keywords if key.count(".") == 2}


def aws_modules() -> set[str]:
    """The AWS modules of this collection, by their full names."""
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    return {f"{OWN}{name}" for name in runtime["action_groups"]["aws"] if isinstance(name, str)}


def is_aws(module: str, own: frozenset[str] = frozenset(aws_modules())) -> bool:
    return module.startswith(("amazon.aws.", "community.aws.")) or module in own


def tasks_of(path: Path, items: list[dict[str, Any]] | None = None, always_checks: bool = False) -> Iterator[Task]:
    """The tasks of a file with those inside of blocks; files that it includes only where check_mode reaches them."""
    for item in yaml.safe_load(path.read_text(encoding="utf-8")) or [] if items is None else items:
        checks = item["check_mode"] is True if "check_mode" in item else always_checks
        yield Task(path, item, checks)
        for name in INCLUDES:
            included = item.get(name)
            file = included.get("file") if isinstance(included, dict) else included
            if checks and file and "{{" not in file and (path.parent / file).exists():
                yield from tasks_of(path.parent / file, None, checks)
        for block in BLOCKS:
            yield from tasks_of(path, item.get(block) or [], checks)


FILES = sorted(
    path
    for pattern in ("roles/*/tasks/**/*.yml", "roles/*/handlers/*.yml", "playbooks/**/*.yml", "site.yml")
    for path in ROOT.glob(pattern)
    if isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), list)
)
TASKS = [task for path in FILES for task in tasks_of(path)]


def allowed(role: str) -> set[str]:
    """Return the patterns `service:Operation` under "AWS permissions"; a service applies until the next one."""
    section = (ROOT / "roles" / role / "README.md").read_text().split("## AWS permissions\n")[1].split("\n## ")[0]
    patterns, service = set(), ""
    for word in re.findall(r"`((?:[a-z0-9]+:)?[A-Z*][A-Za-z*]*)`", section):
        service = word.split(":")[0] if ":" in word else service
        patterns.add(word if ":" in word else f"{service}:{word}")
    return patterns


def named(tasks: list[Task]) -> list[str]:
    return [f"{task.path.relative_to(ROOT)}: {task.keywords.get('name')}" for task in tasks]


def test_tasks_are_found() -> None:
    used = {module for task in TASKS for module in task.modules}
    assert {"amazon.aws.ec2_vpc_net", "flaskops.eks.eks_cluster"} <= used


def test_every_aws_module_in_use_has_a_record() -> None:
    used = {module for task in TASKS for module in task.modules if is_aws(module)}
    assert not used - set(RECORDS), "add a record in plugins/plugin_utils/records/<service>.py"


def test_every_aws_module_of_ours_has_a_record() -> None:
    assert not aws_modules() - set(RECORDS)


def test_what_is_in_use_names_its_actions() -> None:
    used = {module for task in TASKS for module in task.modules if is_aws(module)}
    assert not [module for module in sorted(used & set(RECORDS)) if not RECORDS[module].actions]


def test_no_removal_task_asks_whether_something_exists() -> None:
    """A lost check_mode line would delete what the task asks for."""

    def removes(task: Task) -> bool:
        return any(
            isinstance(task.keywords[module], dict) and task.keywords[module].get("state") in ("absent", "deleted")
            for module in task.modules
        )

    assert not named([task for task in TASKS if task.always_checks and removes(task)])


def test_what_has_an_info_twin_is_read_with_it() -> None:
    def has_twin(task: Task) -> bool:
        return any(module in RECORDS and RECORDS[module].info is not None for module in task.modules)

    assert not named([task for task in TASKS if task.always_checks and has_twin(task)])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("- amazon.aws.iam_role: {name: a, state: absent}\n  check_mode: true", 1),
        ("- check_mode: true\n  block:\n    - amazon.aws.iam_role: {name: a, state: absent}", 1),
        ("- amazon.aws.iam_role: {name: a, state: absent}", 0),
        ("- check_mode: true\n  block:\n    - amazon.aws.iam_role: {name: a}\n      check_mode: false", 0),
        ("- ansible.builtin.import_tasks: other.yml\n  check_mode: true", 1),
        ("- ansible.builtin.import_tasks: other.yml", 0),
    ],
)
def test_check_mode_is_followed_into_blocks_and_files(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "other.yml").write_text("- amazon.aws.iam_role: {name: a}\n", encoding="utf-8")
    path = tmp_path / "main.yml"
    path.write_text(text, encoding="utf-8")
    assert (
        len([task for task in tasks_of(path) if task.always_checks and "amazon.aws.iam_role" in task.modules]) == count
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_permissions_of_a_role_cover_its_modules(role: str) -> None:
    """The section "AWS permissions" of a README allows what the records of the role's modules need."""
    tasks = [task for task in TASKS if task.path.is_relative_to(ROOT / "roles" / role)]
    used = {module for task in tasks for module in task.modules if module in RECORDS}
    needed = {action for module in used for action in RECORDS[module].actions}
    assert not sorted(action for action in needed if not any(fnmatchcase(action, one) for one in allowed(role)))


@pytest.mark.parametrize("package", SERVICES)
def test_the_records_name_the_calls_of_our_modules(package: str) -> None:
    text = "".join(path.read_text() for path in (ROOT / "plugins" / "module_utils" / package).glob("**/*.py"))
    text += "".join(path.read_text() for path in (ROOT / "plugins" / "modules").glob(f"{package}_*.py"))
    for service in SERVICES[package]:
        operations = botocore.session.get_session().get_service_model(service).operation_names
        called = {f"{service}:{name}" for name in operations if f'"{xform_name(name)}"' in text}
        assert called, "no API call found; update SERVICES"
        assert not called - {action for module in aws_modules() for action in RECORDS[module].actions}
