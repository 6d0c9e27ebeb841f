# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints the plan of a check run and the times of a real one, and imports for all workers what AWS tasks need."""

# ruff: noqa: E402 - Ansible wants the documentation before the imports
from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: aggregate
short_description: The plan of a check run, the times of a real one
version_added: 1.0.0
description:
  - In check mode it collects one line a resource, prints them at the end with totals, and writes them as JSON.
    V(+) is created, V(~) changed, V(-) deleted, V(!) cannot be planned or stays because removing is switched off. What
    does not change is not listed.
  - In a real run it prints how long each component (role) took, in the order of their first task.
  - Before a task runs it imports the task's module in the controller, so that workers, which are forks, need not.
author:
  - flaskops.eks contributors
requirements:
  - enabled in C(callbacks_enabled)
options:
  plan_file:
    description: Where the plan of a check run is written, with mode 0600.
    type: path
    default: plan.json
    env:
      - name: FLASKOPS_PLAN_FILE
    ini:
      - section: callback_plan
        key: plan_file
  exit_status:
    description:
      - Makes C(ansible-playbook --check) tell by its exit status whether a real run would change something.
      - V(0) means that nothing would change, V(10) that something would. Every other status is a failure, also when the
        failed task was rescued. A resource that cannot be planned counts as a change.
      - A real run is not affected.
    type: bool
    default: false
    env:
      - name: FLASKOPS_PLAN_EXIT_STATUS
    ini:
      - section: callback_plan
        key: exit_status
"""

import dataclasses
import gc
import json
import os
import tempfile
import time
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import action_loader, module_loader
from ansible_collections.flaskops.eks.plugins.plugin_utils import (
    _check_mode,
    _in_process,
    _plan_lines,
    _planning,
    exit_status,
)

_WARMED: t.Final = ("amazon.aws.", "community.aws.", "flaskops.eks.")
_BEHIND: t.Final = {
    "flaskops.eks.manifests": "kubernetes.core.k8s",
    "flaskops.eks.helm_release": "kubernetes.core.helm",
}
"""Actions of ours that run a module of another name."""
_COLORS: t.Final = {
    _planning.CREATE: C.COLOR_OK,
    _planning.UPDATE: C.COLOR_CHANGED,
    _planning.DELETE: C.COLOR_ERROR,
    _planning.UNPLANNABLE: C.COLOR_WARN,
    _planning.KEPT: C.COLOR_WARN,
}


class CallbackModule(CallbackBase):
    """See DOCUMENTATION."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "flaskops.eks.plan"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[_plan_lines.Line] = []
        self._failures: list[str] = []
        self._seconds: dict[str, float] = {}
        self._started: dict[tuple[str, str], float] = {}
        self._begun = time.monotonic()
        self._warmed: set[str] = set()

    # -- before a task -------------------------------------------------------------------------------------------

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Forget an earlier plan, and warn when AWS tasks will be slow and the plan may be incomplete."""
        exit_status.reset()
        if self._only_plans():
            if not self._lines:
                self._remove_old_plan()
            if self.get_option("exit_status"):
                exit_status.apply(exit_status.FAILED)  # until the end is reached
        reason = _in_process.untested()
        if reason is not None:
            self._display.warning(
                f"{reason}: AWS modules run in a subprocess, slower, and a check run fails for children of objects "
                "that do not exist yet. "
                f"Tested: {', '.join(sorted(_in_process.TESTED_CORE_RELEASES))}."
            )

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """Import in the controller what the task's workers will need."""
        self._warm(_action_name(task))

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        """As for any task."""
        self._warm(_action_name(task))

    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        """Start the clock of one task on one host."""
        self._started[host.name, task._uuid] = time.monotonic()

    def _warm(self, action: str) -> None:
        if action in self._warmed or not action.startswith(_WARMED) or not _in_process.enabled():
            return
        self._warmed.add(action)
        for name in ("ansible.legacy.normal", _planning.IN_PROCESS):
            action_loader.get(name, class_only=True)
        context = module_loader.find_plugin_with_context(_BEHIND.get(action, action), "")
        if not context.resolved or not str(context.plugin_resolved_name).startswith("ansible_collections."):
            return
        try:
            from ansible_collections.flaskops.eks.plugins.plugin_utils import _warm

            _warm.warm_module(str(context.plugin_resolved_name))
        except Exception as error:  # noqa: BLE001 - a worker that imports for itself is slower, not wrong
            self._display.vvv(f"{action} is not imported ahead: {error}")
        # What was imported stays: no walk of the collector need touch it, here or in a worker.
        gc.freeze()

    # -- results -------------------------------------------------------------------------------------------------

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """One task is done on one host."""
        self._stop_clock(result)
        if not _is_loop(result):
            self._record(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """A skipped task matters when its module has no check mode."""
        self._stop_clock(result)
        if not _is_loop(result):
            self._record(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """A plan with a failure is incomplete."""
        self._stop_clock(result)
        if not ignore_errors:
            self._failures.append(f"{_component(result.task)}: {result.task_name}")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """As a failure."""
        self.v2_runner_on_failed(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """One item of a loop."""
        self._record(result)

    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        """One skipped item of a loop."""
        self._record(result)

    def _stop_clock(self, result: t.Any) -> None:
        begun = self._started.pop((result.host.name, result.task._uuid), None)
        if begun is not None:
            component = _component(result.task)
            self._seconds[component] = self._seconds.get(component, 0.0) + time.monotonic() - begun

    def _record(self, result: t.Any) -> None:
        try:
            self._add_lines(result)
        except Exception:
            # ansible-core only warns when a callback fails, so the plan itself must say that a line is missing.
            self._failures.append(f"{_component(result.task)}: {result.task_name} (its result could not be read)")
            raise

    def _add_lines(self, result: t.Any) -> None:
        fields = result.task_fields
        # A real run may hold tasks that only look (check_mode: true), and a check run tasks that really run or that
        # look in every run.
        if not self._only_plans() or not fields.get("check_mode") or _only_looks(result.task):
            return
        values = result.result
        if not values.get("changed") and fields.get("changed_when") == [False]:
            return  # what was skipped here, and so cannot be planned, changes nothing either
        kind = _action_name(result.task).rpartition(".")[2]
        hidden = (fields.get("vars") or {}).get(_planning.HIDDEN_PLAN, ())
        lines = _plan_lines.lines_of(
            values, _component(result.task), kind, str(result.task_name), result.host.name, hidden
        )
        self._lines.extend(lines)
        if any(line.action == _planning.CREATE for line in lines):
            _check_mode.remember_planned(kind, _plan_lines.options_of(values))

    # -- the end -------------------------------------------------------------------------------------------------

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Print and write everything."""
        if not self._only_plans():
            self._print_times()
            return
        failed = bool(self._failures or any(stats.failures.values()) or any(stats.dark.values()))
        outcome = exit_status.outcome(failed=failed, changes=_plan_lines.changes(self._lines))
        if self.get_option("exit_status"):
            exit_status.apply(outcome)
        self._print_plan(outcome)

    @staticmethod
    def _only_plans() -> bool:
        """Whether this whole run only plans (--check)."""
        return bool(context.CLIARGS.get("check"))

    def _print_plan(self, outcome: str) -> None:
        self._display.banner("PLAN")
        for line in self._lines:
            self._display.display(line.text(), color=_COLORS[line.action])
        if not self._lines and not self._failures:
            self._display.display("Nothing changes.")
        for failure in self._failures:
            self._display.display(f"The plan is incomplete because this task failed: {failure}", color=C.COLOR_ERROR)
        counts = _plan_lines.totals(self._lines)
        self._display.display(_plan_lines.summary(counts))
        self._write_plan(Path(self.get_option("plan_file")), counts, outcome)

    def _remove_old_plan(self) -> None:
        """A run that ends before its plan is written must not leave the plan of another run behind."""
        path = Path(self.get_option("plan_file"))
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._display.warning(f"{path}: the plan of an earlier run could not be removed: {error}")

    def _write_plan(self, path: Path, counts: dict[str, int], outcome: str) -> None:
        plan = {
            "status": outcome,
            "whole": not self._failures,
            "failures": self._failures,
            "totals": counts,
            "resources": [dataclasses.asdict(line) for line in self._lines],
        }
        text = json.dumps(plan, indent=2, default=str) + "\n"
        temporary = None
        try:
            # mkstemp makes the file with mode 0600; the rename makes it appear whole or not at all.
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).replace(path)
        except OSError as error:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
            self._display.warning(f"The plan could not be written to {path}: {error}")

    def _print_times(self) -> None:
        self._display.banner("TIME")
        for component, seconds in self._seconds.items():
            self._display.display(f"{component:<24} {seconds:9.1f} s")
        self._display.display(f"{'total':<24} {time.monotonic() - self._begun:9.1f} s")


def _action_name(task: t.Any) -> str:
    """Full name of the task's module. meta/runtime.yml routes most of ours to one action, which says nothing."""
    resolved = str(task.resolved_action or task.action)
    return str(task.action) if resolved == _planning.IN_PROCESS else resolved


def _component(task: t.Any) -> str:
    """The role that the playbook calls: an internal role (chart, pod_identity) works for the one that calls it."""
    chain = task.get_dep_chain() if hasattr(task, "get_dep_chain") else None
    role = chain[0] if chain else getattr(task, "_role", None)
    return str(role.get_name()).rpartition(".")[2] if role is not None else "playbook"


def _only_looks(task: t.Any) -> bool:
    """Whether the playbook itself puts the task into check mode, or a block around it: then no run changes anything."""
    while task is not None:
        source = task.get_ds()
        if isinstance(source, dict) and "check_mode" in source:
            return source["check_mode"] is True
        task = getattr(task, "_parent", None)
    return False


def _is_loop(result: t.Any) -> bool:
    """Whether the result is the summary of a loop; its items were reported separately."""
    return bool(result.task.loop or result.task.loop_with)
