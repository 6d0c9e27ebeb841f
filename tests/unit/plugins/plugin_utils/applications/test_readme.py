"""The README of flask_app lists every key of the nested options, as the argument specs have it.

Run this file to print the table: .venv/bin/python tests/unit/plugins/plugin_utils/applications/test_readme.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROLE = Path(__file__).resolve().parents[5] / "roles" / "flask_app"
VARIABLES = ("flask_app_applications", "flask_app_ingress", "flask_app_migration", "flask_app_external_secret")
HEADING = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n"


def options() -> dict[str, Any]:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    made: dict[str, Any] = specs["argument_specs"]["main"]["options"]
    return made


def rows(entries: dict[str, Any], path: str = "") -> Iterator[str]:
    """A row for each key that holds a value; `[]` marks the entries of a list."""
    for name, option in entries.items():
        key = f"{path}{name}"
        if option["type"] == "dict" and option.get("options"):
            yield from rows(option["options"], f"{key}.")
            continue
        yield f"| `{key}` | {type_of(option)} | {default_of(option)} | {plain(option['description'])} |\n"
        if option.get("options"):
            yield from rows(option["options"], f"{key}[].")


def type_of(option: dict[str, Any]) -> str:
    if option.get("choices"):
        return ", ".join(f"`{choice}`" if choice else "empty" for choice in option["choices"])
    if option["type"] == "raw":
        return "int or %"
    return f"list of {option['elements']}" if option["type"] == "list" else str(option["type"])


def default_of(option: dict[str, Any]) -> str:
    if option.get("required"):
        return "required"
    value = option["default"]
    return "empty" if value == "" else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def plain(description: str) -> str:
    """The markup of Ansible's documentation as Markdown."""
    return re.sub(r"\b[OVC]\(([^)]+)\)", lambda found: f"`{found[1].removeprefix('flask_app_defaults.')}`", description)


def table() -> str:
    found = options()
    prefixes = {name: "" if name == "flask_app_applications" else f"{name}." for name in VARIABLES}
    return HEADING + "".join(row for name in VARIABLES for row in rows(found[name]["options"], prefixes[name]))


def test_the_table_of_the_readme_is_that_of_the_specs() -> None:
    text = (ROLE / "README.md").read_text(encoding="utf-8")
    shown = HEADING + text.split(HEADING)[1].split("\n\n")[0] + "\n"
    assert shown == table(), "replace the table in roles/flask_app/README.md by what this file prints when it is run"


def test_the_defaults_have_the_keys_of_an_application() -> None:
    found = options()
    applications = dict(found["flask_app_applications"]["options"])
    assert applications.pop("name")["required"] is True
    assert found["flask_app_defaults"]["options"] == applications


def test_every_entry_point_has_the_same_options() -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    for entry in specs.values():
        for name, option in entry["options"].items():
            if name in specs["main"]["options"]:
                assert option == specs["main"]["options"][name], name


if __name__ == "__main__":
    print(table(), end="")
