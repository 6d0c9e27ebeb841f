# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds a container image and pushes it, in one task. Documented in plugins/modules/container_image.py."""

from __future__ import annotations

import shlex
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.flaskops.eks.plugins.plugin_utils import _planning

ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "tag": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "containerfile": {"type": "str", "default": "Containerfile"},
    "flags": {"type": "list", "elements": "str", "default": []},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "cert_dir": {"type": "path"},
}


class ActionModule(ActionBase):
    """podman's login and containers.podman.podman_image, with a plan in check mode."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Build and push."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(argument_spec=ARGUMENTS)
        image = f"{args['name']}:{args['tag']}"
        if not self._task.check_mode:
            failure = self._build(args, task_vars or {})
            if failure:
                return {"failed": True, "changed": False, "msg": f"Image {image}: {failure}"}
        diff = {"before": {}, "after": {"path": args["path"], "containerfile": args["containerfile"]}}
        resource = {
            "kind": "image",
            "name": image,
            "namespace": None,
            "action": _planning.CREATE,
            "diff": diff,
            "reason": "",
        }
        return {"changed": True, _planning.RESOURCES_KEY: [resource]}

    def _build(self, args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> str:
        """Log in, build and push; what went wrong, empty for nothing."""
        folder = self._make_tmp_path()
        login = self._connection._shell.join_path(folder, "auth.json")
        try:
            return self._log_in(args, login) or self._build_and_push(args, login, task_vars)
        finally:
            # Also where temporary folders are kept for a look (ANSIBLE_KEEP_REMOTE_FILES): the password is in it.
            self._remove_tmp_path(folder, force=True)

    def _log_in(self, args: dict[str, t.Any], login: str) -> str:
        # containers.podman.podman_login gives the password as an argument, which every user of the machine can read.
        command = ["podman", "login", "--username", args["username"], "--password-stdin", "--authfile", login]
        if args["cert_dir"]:
            command += ["--cert-dir", args["cert_dir"]]
        command.append(args["name"].partition("/")[0])
        done = self._low_level_execute_command(
            f"{self._compute_environment_string()} {shlex.join(command)}".strip(), in_data=args["password"].encode()
        )
        return f"podman could not log in. {done['stderr'].strip()}" if done["rc"] else ""

    def _build_and_push(self, args: dict[str, t.Any], login: str, task_vars: dict[str, t.Any]) -> str:
        module_args = {
            "name": args["name"],
            "tag": args["tag"],
            "path": args["path"],
            "state": "build",
            "build": {
                "file": f"{args['path']}/{args['containerfile']}",
                "format": "oci",
                "extra_args": shlex.join(args["flags"]),
            },
            "push": True,
            "auth_file": login,
        }
        if args["cert_dir"]:
            module_args["ca_cert_dir"] = args["cert_dir"]
        done = self._execute_module(
            module_name="containers.podman.podman_image", module_args=module_args, task_vars=task_vars
        )
        return str(done.get("msg") or "podman gave no reason") if done.get("failed") else ""
