# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of the settings: nested options of roles/flask_app/meta/argument_specs.yml.

Ansible validates a role's variables by these options, but it throws the converted values and the nested defaults away.
So they are read here again. ArgumentSpecValidator converts and checks; the defaults are applied by the caller, after
all layers are merged.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown

Options = Mapping[str, Mapping[str, Any]]
Values = dict[str, Any]

# The loader in C reads the file in a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.lru_cache
def read_options(path: str) -> Options:
    """The options of the entry point `main`. A run reads the file once."""
    document = yaml.load(Path(path).read_text(encoding="utf-8"), LOADER)  # noqa: S506 - both loaders are safe
    options: Options = document["argument_specs"]["main"]["options"]
    return options


def defaults_of(options: Options) -> Values:
    """The default of every option. Options that are required have none."""
    return {
        name: defaults_of(option["options"]) if _is_section(option) else copy.deepcopy(option["default"])
        for name, option in options.items()
        if not option.get("required")
    }


def convert(values: Any, options: Options) -> tuple[Values, list[str]]:
    """Values of one layer with the types of their options, and what is wrong with them.

    Text becomes what the option says: "2" a number, "true" a boolean, JSON a list or a dictionary. What is not given
    stays not given; null counts as not given, and in a dictionary without options it stays (merged).
    """
    problems: list[str] = []
    prepared = _prepared(values, {"type": "dict", "options": options}, "", problems)
    if not isinstance(prepared, dict):
        return {}, problems
    result = ArgumentSpecValidator(_partial(options)).validate(prepared)
    problems += [error.msg for error in result.errors.errors if not isinstance(error, UnsupportedError)]
    for key in sorted(".".join([key] if isinstance(key, str) else key) for key in result.unsupported_parameters):
        problems.append(f"unknown key {key}; known there are {', '.join(sorted(_known(options, key)))}")
    return _given(result.validated_parameters, options), problems


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Values:
    """`over` on top of `base`: dictionaries key by key, other values replace, null removes. A copy of both."""
    result = {key: copy.deepcopy(value) for key, value in base.items() if over.get(key, value) is not None}
    for key, value in over.items():
        below = base.get(key)
        if isinstance(value, Mapping):
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        elif value is not None:
            result[key] = copy.deepcopy(value)
    return result


def text(value: Any) -> str:
    """A string; of other values only numbers become one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is not text")
    return str(value)


def integer(value: Any) -> int | str:
    """A whole number, or the placeholder of a plan."""
    if is_unknown(value):
        return str(value)
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]+", str(value)):
        raise TypeError(f"{value!r} is not a whole number")
    return int(value)


def amount(value: Any) -> int | str:
    """A whole number, a percentage, or empty for none. This is what type `raw` stands for in these options."""
    if isinstance(value, bool) or not re.fullmatch(r"([0-9]+%?)?", str(value)):
        raise TypeError(f"{value!r} is not a number, a percentage or empty")
    return int(value) if str(value).isdecimal() else str(value)


# Ansible's own converters make text of lists and numbers of booleans.
STRICT = {"str": text, "int": integer, "raw": amount}


def _partial(options: Options) -> dict[str, dict[str, Any]]:
    """The options for one layer: no defaults, nothing required, strict types. Elements of lists stay complete."""
    made = {}
    for name, option in options.items():
        made[name] = {key: value for key, value in option.items() if key not in {"default", "required", "description"}}
        if _is_section(option):
            made[name]["options"] = _partial(option["options"])
        elif option.get("options"):
            made[name]["options"] = _strict(option["options"])
        made[name] |= _strict_types(option)
    return made


def _strict(options: Options) -> dict[str, dict[str, Any]]:
    return {name: {**option, **_strict_types(option)} for name, option in options.items()}


def _strict_types(option: Mapping[str, Any]) -> dict[str, Any]:
    return {key: STRICT[option[key]] for key in ("type", "elements") if option.get(key) in STRICT}


def _prepared(value: Any, option: Mapping[str, Any], path: str, problems: list[str]) -> Any:
    """The value with JSON text parsed. What the validator would choke on is reported and left out as null."""
    kind, options = option.get("type"), option.get("options") or {}
    if isinstance(value, str) and kind in {"dict", "list"} and value.lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(value)
        except ValueError as error:
            problems.append(f"{path or 'the value'} is not valid JSON ({error}); correct it")
            return None
    if kind == "dict" and options and value is not None:
        if not isinstance(value, Mapping):
            problems.append(f"{path or 'the value'} must be a dictionary, not {value!r}")
            return None
        return {
            key: _prepared(item, options.get(key, {}), f"{path}.{key}" if path else str(key), problems)
            for key, item in value.items()
        }
    if kind == "list" and isinstance(value, list) and option.get("elements") == "dict":
        wrong = [item for item in value if not isinstance(item, Mapping)]
        problems += [f"{path} must be a list of dictionaries; {item!r} is not one" for item in wrong]
        return [dict(item) for item in value if isinstance(item, Mapping)]
    return value


def _given(values: Mapping[str, Any], options: Options) -> Values:
    """Without the nulls that the validator puts where nothing is given."""
    made = {}
    for name, value in values.items():
        option = options.get(name)
        if option is None or value is None:
            continue
        if _is_section(option) and isinstance(value, Mapping):
            value = _given(value, option["options"])
        elif option.get("options") and isinstance(value, list):
            value = [_given(item, option["options"]) for item in value]
        made[name] = value
    return made


def _is_section(option: Mapping[str, Any]) -> bool:
    """Whether an option is a dictionary with known keys."""
    return option.get("type") == "dict" and bool(option.get("options"))


def _known(options: Options, key: str) -> list[str]:
    """The known keys beside an unknown one."""
    for part in key.split(".")[:-1]:
        options = options[part]["options"]
    return list(options)
