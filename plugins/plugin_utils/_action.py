# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part that our action plugins share: run the module in process, and make its check mode a plan."""

from __future__ import annotations

import types
import typing as t

from ansible.errors import AnsibleError

from . import _check_mode, _completion, _in_process, _plan_lines, _planning, _read_only
from .records import Info, record

OWN_COLLECTIONS: t.Final = frozenset({"amazon.aws", "community.aws", "flaskops.eks"})
"""Collections whose modules the runner takes over."""


class InProcess:
    """Mixin in front of ``ActionBase``: takes ``_execute_module`` over for the collections that it knows."""

    collections: t.ClassVar[frozenset[str]] = OWN_COLLECTIONS

    def _execute_module(
        self,
        module_name: str | None = None,
        module_args: dict[str, t.Any] | None = None,
        tmp: t.Any = None,
        task_vars: dict[str, t.Any] | None = None,
        persist_files: bool = False,
        delete_remote_tmp: t.Any = None,
        wrap_async: bool = False,
        ignore_unknown_opts: bool = False,
    ) -> dict[str, t.Any]:
        action: t.Any = self
        name = str(module_name or action._task.action)
        args = dict(action._task.args if module_args is None else module_args)
        variables = task_vars or {}
        target = None if ignore_unknown_opts else _in_process.find_target(action, name, self.collections)
        if target is not None:
            reason = _in_process.why_ordinary(action, variables, wrap_async)
            module = _in_process.load(target) if reason is None else None
            if module is not None:
                return self._in_process(target, module, args, variables)
            action._display.vvv(f"{name} runs the ordinary way: {reason or 'it cannot be run in process'}")
        return super()._execute_module(  # type: ignore[misc,no-any-return]
            module_name=module_name,
            module_args=module_args,
            tmp=tmp,
            task_vars=task_vars,
            persist_files=persist_files,
            delete_remote_tmp=delete_remote_tmp,
            wrap_async=wrap_async,
            ignore_unknown_opts=ignore_unknown_opts,
        )

    def _in_process(
        self, target: _in_process.Target, module: types.ModuleType, args: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        action: t.Any = self
        if not action._task.check_mode or target.collection not in OWN_COLLECTIONS:
            return _in_process.run_module(action, target, module, args, task_vars)
        plan = _Plan(action, target, module, args, task_vars)
        result = plan.with_unknown_inputs() if _planning.holds_placeholder(args) else plan.refine(plan.run(args))
        self.tell_hidden(result)
        return result

    def tell_hidden(self, result: dict[str, t.Any]) -> None:
        """Tell the controller the actions, and nothing else, of a check run's result that no_log will censor.

        A callback receives little more than ``changed`` of such a result, but all fields of the task.
        """
        action: t.Any = self
        task = action._task
        if task.check_mode and task.no_log:
            task.vars = {**task.vars, _planning.HIDDEN_PLAN: _plan_lines.hidden_actions(result)}


class _Plan:
    """One task in check mode."""

    def __init__(
        self,
        action: t.Any,
        target: _in_process.Target,
        module: types.ModuleType,
        args: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> None:
        self.action, self.target, self.module, self.args, self.task_vars = action, target, module, args, task_vars
        self.fqcn = f"{target.collection}.{target.short_name}"
        self.record = record(self.fqcn)

    def run(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's own check mode. It always gives its difference: the plan needs it, also without ``--diff``."""
        try:
            with _read_only.guard():
                return _in_process.run_module(self.action, self.target, self.module, args, self.task_vars, diff=True)
        except _read_only.WouldWrite as attempt:
            return self._attempted(attempt.operation)

    def _attempted(self, operation: str) -> dict[str, t.Any]:
        """The result of a module that would have changed AWS in spite of check mode."""
        inputs = self.inputs()
        if isinstance(inputs, dict):
            return inputs
        action = _planning.CREATE if _read_only.creates(operation) else _planning.UPDATE
        if _planning.is_absent(inputs.values):
            action = _planning.DELETE
        built = _planning.build(_planning.documented_returns(self.module), inputs.public(), self.target.short_name)
        plan = {"action": action, "reason": operation}
        return {**built, "changed": True, "invocation": {"module_args": inputs.redacted}, _planning.PLAN_KEY: plan}

    def inputs(self) -> _planning.Inputs | dict[str, t.Any]:
        """The validated inputs, or the failed result when they are wrong."""
        arguments = _in_process.module_arguments(self.action, self.target, self.args, self.task_vars)
        environment = _in_process.task_environment(self.action)
        checked = _planning.validate(
            lambda: _in_process.call_main(self.module, arguments, environment), given=self.args
        )
        if isinstance(checked, dict):
            return _in_process.finish(self.action, checked)
        return checked

    def from_documentation(self, reason: str) -> dict[str, t.Any]:
        """Plan without asking AWS."""
        inputs = self.inputs()
        return inputs if isinstance(inputs, dict) else self._created(inputs, reason)

    def _created(self, inputs: _planning.Inputs, reason: str) -> dict[str, t.Any]:
        returns = _planning.documented_returns(self.module)
        return _planning.planned(inputs, returns, self.target.short_name, reason)

    def with_unknown_inputs(self) -> dict[str, t.Any]:
        """Plan a task of which an input is known after apply.

        The object cannot exist yet, unless all that names it is known. Then the module's check mode is asked: with the
        placeholder, which serves where it only compares, and else without the inputs that hold it.
        """
        inputs = self.inputs()
        if isinstance(inputs, dict):
            return inputs
        known = {name: value for name, value in self.args.items() if not _planning.holds_placeholder(value)}
        unknown = {inputs.aliases.get(name, name) for name in self.args if name not in known}
        identity = self.record.identity
        if identity and unknown.isdisjoint(identity) and all(inputs.values.get(name) for name in identity):
            result = self._ask(self.args)
            if result is not None:
                return result
            result = self._ask(known)
            if result is not None and _planning.is_absent(inputs.values):
                return result
            if result is not None and _plan_lines.action_of(result) != _planning.CREATE:
                return _completion.with_unknown(result, inputs, unknown)
        return self._created(inputs, "an input is known after apply")

    def _ask(self, args: dict[str, t.Any]) -> dict[str, t.Any] | None:
        """What the module's check mode says of these inputs, None when it cannot say anything."""
        result = self.run(args)
        return None if result.get("failed") or result.get("skipped") else self.refine(result)

    def refine(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        """Make the plan whole where the module's own check mode leaves a gap."""
        message = str(result.get("msg", ""))
        if result.get("failed"):
            values = result.get("invocation", {}).get("module_args", self.args)
            reason = _check_mode.parent_is_planned(self.record, _whole_message(result), values)
            return self.from_documentation(reason) if reason else result
        if result.get("skipped") and _check_mode.NO_SUPPORT.search(message):
            return self._without_check_mode(result)
        if result.get("changed"):
            result.pop("skipped", None)  # ecs_ecr says both
        if result.get("changed") and _planning.PLAN_KEY not in result and not _planning.is_absent(self.args):
            inputs = self.inputs()
            if isinstance(inputs, _planning.Inputs):
                returns = _planning.documented_returns(self.module)
                told = _completion.without_made_up(result)
                if not _completion.exists(told, inputs):
                    told = self._look_again(told, inputs)
                return _completion.complete(told, inputs, returns, self.target.short_name)
        return result

    def _look_again(self, result: dict[str, t.Any], inputs: _planning.Inputs) -> dict[str, t.Any]:
        """The result, with the object in it if it is there and only the module's check mode left it out."""
        message = self.record.update_message
        if message is not None and message.search(str(result.get("msg", ""))):
            return {**result, _planning.PLAN_KEY: {"action": _planning.UPDATE, "reason": "a new version"}}
        options = self.record.ask_again
        if options is None:
            return result
        names = {name: inputs.values[name] for name in self.record.identity}
        found = self.run({**self._connection(), **names, **options})
        if found.get("failed") or found.get("changed"):
            return result
        return {**found, **{name: result[name] for name in ("changed", "invocation") if name in result}}

    def _connection(self) -> dict[str, t.Any]:
        """The task's arguments that say how to reach AWS."""
        return {
            key: value for key, value in self.args.items() if key in _planning.CONNECTION_OPTIONS - {"state", "wait"}
        }

    def _without_check_mode(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        inputs = self.inputs()
        if isinstance(inputs, dict):
            return inputs
        name = inputs.values.get("name")
        info = self.record.info
        if self.record.has_check_mode or info is None or not isinstance(name, str):
            return self._unplannable(result, inputs, "the module has no check mode")
        found = self._look(info, inputs.values, name)
        if found is None:
            return self._unplannable(result, inputs, f"{info.module} could not tell whether it exists")
        absent = _planning.is_absent(inputs.values)
        if not found:
            if absent:
                return {"changed": False, _planning.PLAN_KEY: {"action": _planning.NONE, "reason": "nothing there"}}
            returns = _planning.documented_returns(self.module)
            return _planning.planned(inputs, returns, self.target.short_name, "it does not exist")
        if absent:
            plan = {"action": _planning.DELETE, "reason": "it exists"}
            diff, invocation = {"before": {"name": name}, "after": {}}, {"module_args": inputs.redacted}
            return {"changed": True, "diff": diff, "invocation": invocation, _planning.PLAN_KEY: plan}
        return self._unplannable({**result, **found}, inputs, "it exists, but its module cannot tell what would change")

    def _unplannable(self, result: dict[str, t.Any], inputs: _planning.Inputs, reason: str) -> dict[str, t.Any]:
        returns = _planning.documented_returns(self.module)
        built = _planning.build(returns, inputs.redacted, self.target.short_name)
        self.action._display.warning(f"{self.fqcn} is not planned: {reason}.")
        plan = {"action": _planning.UNPLANNABLE, "reason": reason}
        invocation = {"module_args": inputs.redacted}
        return {**built, **result, "invocation": invocation, _planning.PLAN_KEY: plan}

    def _look(self, info: Info, values: t.Mapping[str, t.Any], name: str) -> dict[str, t.Any] | None:
        """What the info twin found by that name, ``{}`` for nothing, None when it could not look."""
        target = _in_process.find_target(self.action, info.module, OWN_COLLECTIONS)
        module = _in_process.load(target) if target is not None else None
        if target is None or module is None:
            raise AnsibleError(f"{info.module} is needed to plan {self.fqcn}. Install its collection.")
        args = {**self._connection(), **info.arguments_of(values)}
        result = _in_process.run_module(self.action, target, module, args, self.task_vars)
        if result.get("failed"):
            return {} if "NotFound" in _whole_message(result) else None
        return next((found for found in info.objects(result) if found.get(info.name) == name), {})


def _whole_message(result: dict[str, t.Any]) -> str:
    """Everything that a failed result says: message, AWS's error code, the unhandled exception."""
    error = result.get("error")
    code = error.get("code", "") if isinstance(error, dict) else ""
    event = getattr(result.get("exception"), "event", None)
    return f"{result.get('msg', '')} {code} {getattr(event, 'msg', '')}"
