# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans a task in check mode without asking AWS, from the module's own documentation.

A child of something that does not exist yet does not exist either. So when an input holds ``(known after apply)``, the
placeholder for what only AWS can tell, the task would create its object. The result is built from the module's RETURN
documentation, with the placeholder for what is not known and the task's own inputs where the names match, so that the
next task's ``vpc.vpc.id`` resolves.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import types
import typing as t

import yaml
from ansible.module_utils import basic
from ansible.module_utils.common import parameters
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

PLACEHOLDER: t.Final = UNKNOWN
PLAN_KEY: t.Final = "plan"
"""Where a task's result carries what the plan says of it: ``{"action": ..., "reason": ...}``."""
RESOURCES_KEY: t.Final = "resources"
"""Where an action lists resources of its own: ``{"kind", "name", "namespace", "action", "diff", "reason"}`` each."""
IN_PROCESS: t.Final = "flaskops.eks.in_process"
"""The action that meta/runtime.yml routes our modules to."""
HIDDEN_PLAN: t.Final = "__flaskops_hidden_plan"
"""The task variable in which a worker sends the actions of a result that no_log censors to the controller."""

CREATE: t.Final = "create"
UPDATE: t.Final = "update"
DELETE: t.Final = "delete"
NONE: t.Final = "none"
UNPLANNABLE: t.Final = "unplannable"
KEPT: t.Final = "kept"
"""It is no longer wanted, and stays because removing is switched off."""

CENSORED: t.Final = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What ansible-core puts in the place of a secret input."""

CONNECTION_OPTIONS: t.Final = frozenset(
    [
        "access_key",
        "aws_access_key",
        "aws_access_key_id",
        "secret_key",
        "aws_secret_key",
        "aws_secret_access_key",
        "session_token",
        "aws_session_token",
        "profile",
        "aws_profile",
        "region",
        "aws_region",
        "ec2_region",
        "endpoint_url",
        "aws_endpoint_url",
        "validate_certs",
        "aws_ca_bundle",
        "aws_config",
        "debug_botocore_endpoint_logs",
        "host",
        "api_key",
        "ca_cert",
        "kubeconfig",
        "context",
        "binary_path",
        "state",
        "wait",
        "wait_timeout",
        "wait_delay",
    ]
)
"""Options that say how to reach or to wait, not what should be: they are no part of a diff."""

_ABSENT: t.Final = frozenset({"absent", "deleted", "terminated"})
NOT_RESULTS: t.Final = frozenset(
    {"changed", "msg", "diff", "warnings", "failed", "invocation", "actions", "before", "after"}
)


def holds_placeholder(value: t.Any) -> bool:
    """Whether the placeholder stands anywhere inside ``value``."""
    if isinstance(value, str):
        return PLACEHOLDER in value
    if isinstance(value, dict):
        return any(holds_placeholder(key) or holds_placeholder(item) for key, item in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(holds_placeholder(item) for item in value)
    return False


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The arguments of a task after the module's own validation."""

    values: dict[str, t.Any]
    """Every parameter with its default, under its own name."""
    redacted: dict[str, t.Any]
    """The same with secrets censored."""
    given: frozenset[str]
    """Names of the parameters that the task sets itself."""
    aliases: dict[str, str] = dataclasses.field(default_factory=dict)
    """Other names of the parameters; a module may return a parameter under one of them."""

    def public(self) -> dict[str, t.Any]:
        """The parameters that are no secrets, under all of their names."""
        values = {name: value for name, value in self.values.items() if self.redacted.get(name) == value}
        return {**{alias: values[name] for alias, name in self.aliases.items() if name in values}, **values}


class _Validated(BaseException):
    """Leaves the module as soon as its arguments are checked. Not an Exception, so that no module catches it."""

    def __init__(self, module: basic.AnsibleModule) -> None:
        super().__init__("validated")
        self.module = module


def _tolerant(check: t.Callable[..., t.Any], wanted: str) -> t.Callable[..., t.Any]:
    """Let the placeholder pass where a number, a truth value or a structure is wanted."""

    def checked(value: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if isinstance(value, str) and PLACEHOLDER in value:
            return [value] if wanted == "list" else {} if wanted == "dict" else value
        return check(value, *args, **kwargs)

    return checked


@contextlib.contextmanager
def _only_validation() -> t.Iterator[None]:
    """Make AnsibleModule stop once its arguments are validated."""
    initialise = basic.AnsibleModule.__init__
    signature = inspect.signature(initialise)
    checks = dict(parameters.DEFAULT_TYPE_VALIDATORS)

    def validate_and_stop(self: basic.AnsibleModule, *args: t.Any, **kwargs: t.Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.arguments["supports_check_mode"] = True
        initialise(*bound.args, **bound.kwargs)
        raise _Validated(self)

    try:
        basic.AnsibleModule.__init__ = validate_and_stop
        parameters.DEFAULT_TYPE_VALIDATORS.update({name: _tolerant(check, name) for name, check in checks.items()})
        yield
    finally:
        basic.AnsibleModule.__init__ = initialise
        parameters.DEFAULT_TYPE_VALIDATORS.update(checks)


def validate(run: t.Callable[[], dict[str, t.Any]], given: t.Iterable[str]) -> Inputs | dict[str, t.Any]:
    """Run a module up to the point where its arguments are validated.

    ``run`` calls the module's ``main``. Returns the validated inputs, or what ``run`` returned when the arguments are
    wrong: the same message as ever.
    """
    try:
        with _only_validation():
            return run()
    except _Validated as stop:
        module = stop.module
        values = {name: value for name, value in module.params.items() if not name.startswith("_ansible_")}
        names = {module.aliases.get(name, name) for name in given}
        # A secret that is not known yet must not censor the placeholder everywhere.
        secrets = {value for value in module.no_log_values if value != PLACEHOLDER}
        redacted = remove_values(values, secrets)
        for name, option in module.argument_spec.items():
            if option.get("no_log") and values.get(name) is not None:
                redacted[name] = CENSORED
        canonical = {name: values[name] for name in values if name in module.argument_spec}
        return Inputs(
            canonical,
            {name: redacted[name] for name in canonical},
            frozenset(names & set(canonical)),
            dict(module.aliases),
        )


def documented_returns(module: types.ModuleType) -> dict[str, t.Any]:
    """The RETURN documentation of a module, ``{}`` when it has none."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    returns = yaml.load(getattr(module, "RETURN", "") or "", Loader=loader)  # noqa: S506 - a safe loader, the fast one
    return returns if isinstance(returns, dict) else {}


def is_read_only(short_name: str) -> bool:
    """Whether a module only looks."""
    return short_name.endswith(("_info", "_facts"))


def is_absent(values: t.Mapping[str, t.Any]) -> bool:
    """Whether the task removes its object."""
    return values.get("state") in _ABSENT


def build(returns: dict[str, t.Any], values: t.Mapping[str, t.Any], short_name: str) -> dict[str, t.Any]:
    """A result with every documented key: inputs where the names match, placeholders elsewhere."""
    return {
        name: _value(name, option or {}, values, short_name, depth=0)
        for name, option in returns.items()
        if name not in NOT_RESULTS
    }


def _value(name: str, option: dict[str, t.Any], values: t.Mapping[str, t.Any], short_name: str, depth: int) -> t.Any:
    kind = str(option.get("type", "str"))
    known = _matching_input(name, kind, values, short_name) if depth < 2 else None
    if known is not None:
        return known
    contains = option.get("contains")
    if isinstance(contains, dict) and contains:
        inside = {
            key: _value(key, item or {}, values, short_name, 2 if kind == "list" else depth + 1)
            for key, item in contains.items()
        }
        return [inside] if kind == "list" else inside
    sample = option.get("sample")
    if isinstance(sample, dict) and set(sample) == {name}:
        sample = sample[name]  # some examples repeat the key itself
    if kind == "list":
        if isinstance(sample, list):
            return _shape(sample)
        return [] if option.get("elements") == "dict" or name == "tags" else [PLACEHOLDER]
    if kind in ("dict", "complex"):
        return _shape(sample) if isinstance(sample, (dict, list)) and name != "tags" else {}
    if kind == "bool":
        # A placeholder in a condition would be an error; the documented example is the likelier value.
        return bool(sample)
    return PLACEHOLDER


def _matching_input(name: str, kind: str, values: t.Mapping[str, t.Any], short_name: str) -> t.Any:
    """The input that the module will return under ``name``, or None."""
    if name == "state":
        return None  # the task's "present" is not the object's "available"
    value = values.get(name)
    if value is None and name == "cidr_block":
        value = values.get("cidr")
    if value is None and name.endswith("_name") and name.removesuffix("_name") in short_name:
        value = values.get("name")
    if kind == "str" and isinstance(value, list) and len(value) == 1:
        value = value[0]
    fits = {"list": list, "dict": dict, "complex": dict, "bool": bool}.get(kind, (str, int, float))
    return value if isinstance(value, fits) else None


def _shape(sample: t.Any) -> t.Any:
    """A documented example with its values taken out."""
    if isinstance(sample, dict):
        return {str(key): _shape(value) for key, value in sample.items()}
    if isinstance(sample, list):
        return [_shape(value) for value in sample]
    return sample if isinstance(sample, bool) else PLACEHOLDER


def wanted(inputs: Inputs) -> dict[str, t.Any]:
    """What the task asks for, fit to be shown: its own inputs, censored, without those that only connect."""
    return {
        name: value
        for name, value in inputs.redacted.items()
        if name in inputs.given and name not in CONNECTION_OPTIONS and value is not None
    }


def planned(inputs: Inputs, returns: dict[str, t.Any], short_name: str, reason: str) -> dict[str, t.Any]:
    """The result of a task that would create its object."""
    invocation = {"invocation": {"module_args": inputs.redacted}}
    if is_read_only(short_name):
        built = build(returns, {}, short_name)
        nothing = {name: [] if isinstance(value, list) else value for name, value in built.items()}
        return {"changed": False, **nothing, **invocation, PLAN_KEY: {"action": NONE, "reason": reason}}
    if is_absent(inputs.values):
        return {"changed": False, **invocation, PLAN_KEY: {"action": NONE, "reason": "nothing there"}}
    return {
        "changed": True,
        **build(returns, inputs.public(), short_name),
        "diff": {"before": {}, "after": wanted(inputs)},
        **invocation,
        PLAN_KEY: {"action": CREATE, "reason": reason},
    }
