# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module inside the forked worker of ansible-core instead of in a new Python.

An ordinary module run packs the module with its imports (AnsiballZ), starts an interpreter, imports boto3 anew: 0.9
to 1.6 s a task. The worker is a fork of the controller, so what the controller has imported (see ``_warm``) is there
for nothing. The module's own ``main()`` runs unchanged; its arguments go in and its result comes out by the same JSON
profiles as on the ordinary way, so that results, warnings, errors and censoring are equal. Secrets are in no file.

This leans on private parts of ansible-core (named in ``PRIVATE_PARTS`` and below). Whenever the release is not one of
``TESTED_CORE_RELEASES``, or anything private is missing, ``why_ordinary`` says so and the task runs as ever.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import gc
import importlib
import io
import json
import locale
import logging
import os
import re
import sys
import types
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from ansible.release import __version__ as core_release
from ansible.vars.clean import remove_internal_keys

try:
    from ansible.module_utils import _internal as core_internal
    from ansible.module_utils._internal._ansiballz import _loader as core_loader
    from ansible.module_utils.common.json import Direction, get_module_encoder
except ImportError:  # an ansible-core that looks different: why_ordinary() refuses it
    core_internal = core_loader = None

TESTED_CORE_RELEASES: t.Final = frozenset({"2.19.14"})
SWITCH: t.Final = "FLASKOPS_IN_PROCESS"
"""Environment variable; ``0`` makes every task run as ansible-core ships it."""

PROFILE: t.Final = "legacy"
"""The serialization profile of every module that declares none (ansible.executor.module_common)."""

PRIVATE_PARTS: t.Final = (
    (basic, "_ANSIBLE_ARGS"),
    (basic, "_ANSIBLE_PROFILE"),
    (basic, "_PARSED_MODULE_ARGS"),
    (module_warnings, "_global_warnings"),
    (module_warnings, "_global_deprecations"),
    (core_internal, "is_controller"),
    (core_loader, "_handle_exception"),
)
# Variables that change how a new interpreter starts: only a new interpreter can honour them.
_INTERPRETER_VARIABLE = re.compile(r"^(PYTHON|LD_|DYLD_)")

_already_run: set[str] = set()
"""Modules that this very process has run: the items of a loop share one worker."""


@dataclasses.dataclass(frozen=True)
class Target:
    """A module that the runner may take over."""

    name: str
    """As the task names it, e.g. ``amazon.aws.ec2_vpc_net``."""
    import_name: str
    """Python name, e.g. ``ansible_collections.amazon.aws.plugins.modules.ec2_vpc_net``."""
    path: str

    @property
    def collection(self) -> str:
        """Namespace and name of the collection that the module resolved to."""
        return ".".join(self.import_name.split(".")[1:3])

    @property
    def short_name(self) -> str:
        """The module's name without its collection."""
        return self.import_name.rpartition(".")[2]


def untested() -> str | None:
    """What of this ansible-core the runner does not know, None when it knows it."""
    if core_release not in TESTED_CORE_RELEASES:
        return f"ansible-core {core_release} is not tested"
    missing = [name for holder, name in PRIVATE_PARTS if holder is None or not hasattr(holder, name)]
    return f"ansible-core {core_release} has no {', '.join(missing)}" if missing else None


def enabled() -> bool:
    """Whether this process may run modules itself: tested core, private parts present, not switched off."""
    return os.environ.get(SWITCH, "1") != "0" and untested() is None


def find_target(action: t.Any, module_name: str, collections: t.Container[str]) -> Target | None:
    """The module behind ``module_name`` when it belongs to one of ``collections``, redirects followed."""
    if module_name.count(".") < 2:
        return None
    context = action._shared_loader_obj.module_loader.find_plugin_with_context(
        module_name, "", collection_list=action._task.collections
    )
    if not context.resolved or not str(context.plugin_resolved_name).startswith("ansible_collections."):
        return None
    target = Target(module_name, str(context.plugin_resolved_name), str(context.plugin_resolved_path))
    if target.collection not in collections or not target.path.endswith(".py"):
        return None
    return target


def task_environment(action: t.Any) -> dict[str, str]:
    """The task's ``environment`` as ansible-core would put it in front of the module's command line."""
    environment: dict[str, t.Any] = {}
    action._compute_environment_string(environment)
    return {str(name): str(value) for name, value in environment.items()}


def why_ordinary(action: t.Any, task_vars: dict[str, t.Any], wrap_async: bool) -> str | None:
    """The reason to run the module as ansible-core ships it, or None when it may run in process."""
    if not enabled():
        return untested() or f"{SWITCH}=0"
    if wrap_async or action._task.async_val:
        return "async"
    if getattr(action._connection, "transport", "") != "local":
        return "the connection is not local"
    if action._connection.become is not None or action._task.become:
        return "become"
    use_vars = task_vars
    if action._task.delegate_to:
        use_vars = task_vars.get("ansible_delegated_vars", {}).get(action._task.delegate_to, {})
    interpreter = C.config.get_config_value("INTERPRETER_PYTHON", variables=use_vars)
    if isinstance(interpreter, str) and "{{" in interpreter:
        interpreter = action._templar.template(interpreter)
    # Not realpath: a virtual environment's python is a link, and its packages are not those of the python it points to.
    if os.path.abspath(str(interpreter)) != os.path.abspath(sys.executable):  # noqa: PTH100
        return "the Python interpreter is not the controller's"
    if any(_INTERPRETER_VARIABLE.match(name) for name in task_environment(action)):
        return "the environment changes how Python starts"
    return None


def load(target: Target) -> types.ModuleType | None:
    """Import the module; None if the runner cannot run it (no ``main``, own profile, missing imports)."""
    try:
        module = importlib.import_module(target.import_name)
    except ImportError:  # running it in a subprocess reports the missing import
        return None
    if target.import_name in _already_run:
        module = importlib.reload(module)
    if not callable(getattr(module, "main", None)) or hasattr(module, "METADATA"):
        return None
    if not Path(str(module.__file__)).samefile(target.path):
        return None
    return module


@dataclasses.dataclass
class _Streams:
    """What the module wrote."""

    stdout: io.StringIO
    stderr: io.StringIO


@contextlib.contextmanager
def _isolated(environment: dict[str, str]) -> t.Iterator[_Streams]:
    """Give the module the process state of a fresh interpreter, and take every trace of it back afterwards."""
    streams = _Streams(io.StringIO(), io.StringIO())
    at_exit: list[tuple[t.Callable[..., t.Any], tuple[t.Any, ...], dict[str, t.Any]]] = []

    def register(function: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> t.Callable[..., t.Any]:
        at_exit.append((function, args, kwargs))
        return function

    saved_environment = dict(os.environ)
    saved_streams = sys.stdin, sys.stdout, sys.stderr, sys.argv
    saved_arguments = basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE, basic._PARSED_MODULE_ARGS
    saved_register, saved_locale, saved_directory = atexit.register, locale.setlocale(locale.LC_ALL), Path.cwd()
    saved_warnings = dict(module_warnings._global_warnings), dict(module_warnings._global_deprecations)
    botocore_log = logging.getLogger("botocore.endpoint")
    saved_log = botocore_log.level, list(botocore_log.handlers)
    umask = os.umask(0o077)
    os.umask(umask)
    try:
        os.environ.update(environment)
        sys.stdin, sys.stdout, sys.stderr, sys.argv = io.StringIO(), streams.stdout, streams.stderr, ["ansible_module"]
        # Tools that modules register to run at the interpreter's exit would never run: a worker ends by os._exit.
        atexit.register = register  # type: ignore[assignment]
        module_warnings._global_warnings.clear()
        module_warnings._global_deprecations.clear()
        # Module-side code asks this to decide whether a warning is displayed here or returned with the result.
        core_internal.is_controller = False
        yield streams
    finally:
        core_internal.is_controller = True
        atexit.register = saved_register
        for function, args, kwargs in reversed(at_exit):
            with contextlib.suppress(Exception):
                function(*args, **kwargs)
        for registry, saved in zip(
            (module_warnings._global_warnings, module_warnings._global_deprecations), saved_warnings, strict=True
        ):
            registry.clear()
            registry.update(saved)
        botocore_log.setLevel(saved_log[0])
        botocore_log.handlers[:] = saved_log[1]
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE, basic._PARSED_MODULE_ARGS = saved_arguments
        sys.stdin, sys.stdout, sys.stderr, sys.argv = saved_streams
        os.environ.clear()
        os.environ.update(saved_environment)
        with contextlib.suppress(locale.Error, OSError):
            locale.setlocale(locale.LC_ALL, saved_locale)
        with contextlib.suppress(OSError):
            os.chdir(saved_directory)
        os.umask(umask)


def call_main(module: types.ModuleType, arguments: dict[str, t.Any], environment: dict[str, str]) -> dict[str, t.Any]:
    """Run ``module.main()`` with ``arguments`` (the internal ``_ansible_*`` ones included).

    Returns what a command would: ``rc``, ``stdout`` (with the result as JSON in it) and ``stderr``.
    """
    encoder = get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE)
    payload = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    # This process ends with its task. What it was forked with is no garbage, and one walk of the collector over it
    # costs 50 to 100 ms: the walk itself, and the copies of all pages that it writes its marks on.
    gc.freeze()
    with _isolated(environment) as streams:
        basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE, basic._PARSED_MODULE_ARGS = payload, PROFILE, None
        code: t.Any = 0
        try:
            try:
                module.main()
                raise RuntimeError("New-style module did not handle its own exit.")
            except Exception as error:  # noqa: BLE001 - reported as the module wrapper of ansible-core does
                core_loader._handle_exception(error, PROFILE)
        except SystemExit as stop:
            code = stop.code
        if isinstance(code, str):
            print(code, file=streams.stderr)
        result = {
            "rc": code if isinstance(code, int) else int(bool(code)),
            "stdout": streams.stdout.getvalue(),
            "stderr": streams.stderr.getvalue(),
        }
    _already_run.add(module.__name__)
    return result


def module_arguments(
    action: t.Any, target: Target, args: dict[str, t.Any], task_vars: dict[str, t.Any]
) -> dict[str, t.Any]:
    """The task's arguments plus the internal ones, as ``_execute_module`` of ansible-core prepares them."""
    arguments = dict(args)
    action._update_module_args(target.name, arguments, task_vars)
    # The ordinary way makes a temporary folder for every task, whether the module wants one or not. Here a module that
    # wants one makes it inside the controller's own temporary folder, which is removed at the end of the run.
    arguments["_ansible_remote_tmp"] = C.DEFAULT_LOCAL_TMP
    return arguments


def finish(action: t.Any, completed: dict[str, t.Any]) -> dict[str, t.Any]:
    """Turn what the module printed into the task's result, as the end of ``_execute_module`` does."""
    data: dict[str, t.Any] = action._parse_returned_data(completed, PROFILE)
    data.pop("_ansible_suppress_tmpdir_delete", None)
    if "results" in data and not isinstance(data["results"], (list, tuple)):
        data["ansible_module_results"] = data.pop("results")
        action._display.warning("Found internal 'results' key in module return, renamed to 'ansible_module_results'.")
    remove_internal_keys(data)
    for stream in ("stdout", "stderr"):
        if stream in data and f"{stream}_lines" not in data:
            data[f"{stream}_lines"] = (data[stream] or "").splitlines()
    return data


def run_module(
    action: t.Any,
    target: Target,
    module: types.ModuleType,
    args: dict[str, t.Any],
    task_vars: dict[str, t.Any],
    *,
    diff: bool = False,
) -> dict[str, t.Any]:
    """Run one module in this process and return its result, equal to that of an ordinary run (with its ``diff``)."""
    action._display.vvv(f"Running module file {target.path} in process")
    arguments = module_arguments(action, target, args, task_vars)
    arguments["_ansible_diff"] = arguments["_ansible_diff"] or diff
    return finish(action, call_main(module, arguments, task_environment(action)))
