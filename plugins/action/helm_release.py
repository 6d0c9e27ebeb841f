# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Installs, upgrades or removes a Helm release. Documented in plugins/modules/helm_release.py."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.flaskops.eks.plugins.plugin_utils import _planning
from ansible_collections.flaskops.eks.plugins.plugin_utils._action import InProcess
from ansible_collections.flaskops.eks.plugins.plugin_utils._redaction import redact

ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "chart_ref": {"type": "str"},
    "chart_repo_url": {"type": "str"},
    "chart_version": {"type": "str"},
    "create_namespace": {"type": "bool", "default": False},
    "values": {"type": "dict", "default": {}},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 300},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "binary_path": {"type": "str"},
    "host": {"type": "str", "required": True},
    "ca_cert": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
}
# Helm refuses to change a release that is still pending after an interrupted run.
_PENDING = re.compile(r"another operation \(install/upgrade/rollback\) is in progress")
_NOISE: t.Final = "The default idempotency check can fail"


class ActionModule(InProcess, ActionBase):
    """kubernetes.core.helm with one set of connection options, and a plan in check mode."""

    collections = frozenset({"kubernetes.core"})
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Bring the release to the wanted state."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(
            argument_spec=ARGUMENTS, required_if=[("state", "present", ["chart_ref"])]
        )
        if self._task.check_mode and _planning.holds_placeholder(args["host"]):
            action = _planning.NONE if args["state"] == "absent" else _planning.CREATE
            return self._result(args, action, before={}, reason="the cluster does not exist yet")
        variables = task_vars or {}
        data = self._helm(args, variables)
        if data.get("failed") and _PENDING.search(str(data.get("msg", ""))) and not self._task.check_mode:
            self._forget_pending(args, variables)
            data = self._helm(args, variables)
        if data.get("failed"):
            return {"failed": True, "changed": False, "msg": f"Release {args['name']}: {data.get('msg')}"}
        before = _release(data) if self._task.check_mode else {}
        action = _planning.NONE
        if data.get("changed"):
            action = _planning.UPDATE if self._existed(data) else _planning.CREATE
            action = _planning.DELETE if args["state"] == "absent" else action
        result = self._result(args, action, before=before)
        warnings = [warning for warning in data.get("warnings", []) if _NOISE not in str(warning)]
        return {**result, **({"warnings": warnings} if warnings else {})}

    def _existed(self, data: dict[str, t.Any]) -> bool:
        """Whether the release was there before this task."""
        if self._task.check_mode:
            return bool(_release(data))
        status = data.get("status") or {}
        return str(status.get("revision", "1")) != "1"

    def _connection_args(self, args: dict[str, t.Any]) -> dict[str, t.Any]:
        return {name: args[name] for name in ("host", "ca_cert", "api_key") if args[name]}

    def _helm(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        module_args = {
            "release_name": args["name"],
            "release_namespace": args["namespace"],
            "release_state": args["state"],
            "wait": args["wait"],
            "timeout": f"{args['timeout']}s",
            **self._connection_args(args),
        }
        if args["binary_path"]:
            module_args["binary_path"] = args["binary_path"]
        if args["state"] == "present":
            module_args.update(
                chart_ref=args["chart_ref"], release_values=args["values"], create_namespace=args["create_namespace"]
            )
            for name in ("chart_repo_url", "chart_version"):
                if args[name]:
                    module_args[name] = args[name]
        return self._execute_module(module_name="kubernetes.core.helm", module_args=module_args, task_vars=task_vars)

    def _forget_pending(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> None:
        """Delete Helm's record of the revision that never ended. What it created stays and is adopted."""
        info_args = {
            "release_name": args["name"],
            "release_namespace": args["namespace"],
            "release_state": ["all"],
            **self._connection_args(args),
        }
        if args["binary_path"]:
            info_args["binary_path"] = args["binary_path"]
        info = self._execute_module(module_name="kubernetes.core.helm_info", module_args=info_args, task_vars=task_vars)
        status = info.get("status") or {}
        if not str(status.get("status", "")).startswith("pending"):
            raise AnsibleActionFail(
                f"Helm says that another operation on the release {args['name']} is in progress, but does not list "
                f"it as pending. Look at `helm history {args['name']} -n {args['namespace']}`."
            )
        self._display.warning(
            f"The last operation on the Helm release {args['name']} never ended; its record is removed."
        )
        secret = {
            "state": "absent",
            "api_version": "v1",
            "kind": "Secret",
            "namespace": args["namespace"],
            "name": f"sh.helm.release.v1.{args['name']}.v{status.get('revision')}",
            **self._connection_args(args),
        }
        removed = self._execute_module(module_name="kubernetes.core.k8s", module_args=secret, task_vars=task_vars)
        if removed.get("failed"):
            raise AnsibleActionFail(
                f"The record of the pending release {args['name']} could not be removed: {removed.get('msg')}"
            )

    def _result(
        self, args: dict[str, t.Any], action: str, before: dict[str, t.Any], reason: str = ""
    ) -> dict[str, t.Any]:
        # A chart is named by path, URL or repository; what counts is whether its version changes.
        after = {
            "chart": before.get("chart") or args["chart_ref"],
            "version": args["chart_version"] or _version_of_file(args["chart_ref"]) or before.get("version"),
            "values": args["values"],
        }
        diff = None
        if action != _planning.NONE:
            shown = {} if action == _planning.DELETE else {key: value for key, value in after.items() if value}
            diff = {"before": redact(before), "after": redact(shown)}
        resource = {
            "kind": "HelmRelease",
            "name": args["name"],
            "namespace": args["namespace"],
            "action": action,
            "diff": diff,
            "reason": reason,
        }
        result: dict[str, t.Any] = {"changed": action != _planning.NONE, "resources": [resource]}
        if self._task.diff and diff:
            title = f"HelmRelease {args['namespace']}/{args['name']}"
            result["diff"] = [{**diff, "before_header": title, "after_header": title}]
        self.tell_hidden(result)
        return result


def _release(data: dict[str, t.Any]) -> dict[str, t.Any]:
    """Chart, version and values of the existing release, ``{}`` for none. Only check mode returns them."""
    declared = (data.get("status") or {}).get("values", {}).get("declared") or {}
    if not declared:
        return {}
    chart, version = _split(str(declared.get("chart", "")))
    return {"chart": chart, "version": version, "values": declared.get("values") or {}}


def _split(name: str) -> tuple[str, str]:
    """``name-1.2.3-rc.1`` in two: the version begins at the first dash that two numbers follow."""
    found = re.search(r"-v?\d+\.\d+", name)
    return (name[: found.start()], name[found.start() + 1 :]) if found else (name, "")


def _version_of_file(chart_ref: str | None) -> str:
    """The version in the name of a packaged chart, empty for any other reference."""
    name = str(chart_ref or "").rpartition("/")[2]
    return _split(name.removesuffix(".tgz"))[1] if name.endswith(".tgz") else ""
