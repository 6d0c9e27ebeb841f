# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applies or deletes a list of Kubernetes objects in one task. Documented in plugins/modules/manifests.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.flaskops.eks.plugins.plugin_utils import _manifests, _planning
from ansible_collections.flaskops.eks.plugins.plugin_utils._action import InProcess

FIELD_MANAGER: t.Final = "flaskops"

ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "resources": {"type": "raw", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "namespace": {"type": "str"},
    "force_conflicts": {"type": "bool", "default": True},
    "field_manager": {"type": "str", "default": FIELD_MANAGER},
    "keep": {"type": "bool", "default": False},
    "report_failures": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 120},
    "host": {"type": "str", "required": True},
    "ca_cert": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
}


class ActionModule(InProcess, ActionBase):
    """One run of kubernetes.core.k8s for the whole list, in process where that is possible."""

    collections = frozenset({"kubernetes.core"})
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Apply the objects, or delete them in reverse order."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        absent = args["state"] == "absent"
        try:
            items = _manifests.parse(args["resources"], args["namespace"])
        except _manifests.ManifestError as error:
            raise AnsibleActionFail(str(error)) from error
        if absent:
            items.reverse()
        if not items:
            return {"changed": False, "resources": [], "failures": []}
        if absent and args["keep"]:
            return self._kept(items)
        if self._task.check_mode and _planning.holds_placeholder(args["host"]):
            reason = "the cluster does not exist yet"
            return self._result([_manifests.from_nothing(item, absent, reason) for item in items], [], args)
        waits_after = absent and args["wait"] and len(items) > 1 and not self._task.check_mode
        results = self._apply(items, {**args, "wait": args["wait"] and not waits_after}, absent, task_vars or {})
        if waits_after:
            # All are deleted by now and end side by side; deleting again only waits.
            waited = self._apply(items, args, absent, task_vars or {})
            results = [_manifests.after_wait(*pair) for pair in zip(results, waited, strict=True)]
        outcomes = [
            _manifests.outcome(item, result, absent=absent, check_mode=bool(self._task.check_mode))
            for item, result in zip(items, results, strict=True)
        ]
        resources = [resource for resource, _error in outcomes]
        return self._result(resources, [(resource, error) for resource, error in outcomes if error], args)

    def _kept(self, items: list[dict[str, t.Any]]) -> dict[str, t.Any]:
        """Name what would be deleted, and delete nothing."""
        resources = [_manifests.kept(item) for item in items]
        names = ", ".join(map(_title, resources))
        result: dict[str, t.Any] = {"changed": False, "resources": resources, "failures": []}
        if not self._task.check_mode:
            result["warnings"] = [f"Not removed, because removing is switched off: {names}"]
        return result

    def _apply(
        self, items: list[dict[str, t.Any]], args: dict[str, t.Any], absent: bool, task_vars: dict[str, t.Any]
    ) -> list[dict[str, t.Any]]:
        """What kubernetes.core.k8s returned for each object."""
        module_args: dict[str, t.Any] = {
            "resource_definition": items,
            "state": args["state"],
            "host": args["host"],
            "continue_on_error": True,
            "wait": args["wait"],
            "wait_sleep": 1,
            "wait_timeout": args["wait_timeout"],
        }
        module_args.update({name: args[name] for name in ("ca_cert", "api_key") if args[name]})
        if absent:
            # An owner is gone only when what it owns is: a Job's pods, a Deployment's replica sets.
            module_args["delete_options"] = {"propagationPolicy": "Foreground"}
        else:
            module_args["apply"] = True
            module_args["server_side_apply"] = {
                "field_manager": args["field_manager"],
                "force_conflicts": args["force_conflicts"],
            }
        shown = self._task.diff
        # kubernetes.core reports any difference as a change, also one of status or versions. Only its diff shows which.
        self._task.diff = True
        try:
            data = self._execute_module(module_name="kubernetes.core.k8s", module_args=module_args, task_vars=task_vars)
        finally:
            self._task.diff = shown
        inner = data.get("result")
        results = inner.get("results") if isinstance(inner, dict) and len(items) > 1 else [data]
        if data.get("failed") or not isinstance(results, list) or len(results) != len(items):
            message = _manifests.error_message(data)
            raise AnsibleActionFail(f"The Kubernetes API {args['host']} did not take the objects: {message}")
        return results

    def _result(
        self, resources: list[dict[str, t.Any]], errors: list[tuple[dict[str, t.Any], str]], args: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        changed = [resource for resource in resources if resource["action"] != _planning.NONE]
        failures = [{**_manifests.names(resource), "message": message} for resource, message in errors]
        result: dict[str, t.Any] = {"changed": bool(changed), "resources": resources, "failures": failures}
        if self._task.diff:
            result["diff"] = [
                {**resource["diff"], "before_header": _title(resource), "after_header": _title(resource)}
                for resource in changed
                if resource["diff"]
            ]
        if errors and not args["report_failures"]:
            refused = "; ".join(f"{_title(resource)}: {message}" for resource, message in errors)
            result.update(failed=True, msg=f"{len(errors)} of {len(resources)} objects were refused. {refused}")
        self.tell_hidden(result)
        return result


def _title(resource: dict[str, t.Any]) -> str:
    name = f"{resource['namespace']}/{resource['name']}" if resource["namespace"] else resource["name"]
    return f"{resource['kind']} {name}"
