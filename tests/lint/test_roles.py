"""Repository rules beyond the linters: argument_specs, defaults, READMEs and metadata of each role agree."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
JINJA = jinja2.Environment(autoescape=False)  # noqa: S701 - only used to parse
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
# Called by other roles, never by a playbook.
INTERNAL = {"chart", "pod_identity"}
COMPONENTS = [
    role
    for role in sorted(set(ROLES) - INTERNAL)
    if "flaskops.eks.chart" in (ROOT / "roles" / role / "tasks" / "main.yml").read_text()
]
MOST_FILES_OF_A_COMPONENT = 8
SHARED_TABLE = "](../chart/README.md#variables-of-every-component)"


def specs(role: str) -> dict:
    return yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]


def defaults(role: str) -> dict:
    path = ROOT / "roles" / role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def options(role: str) -> dict:
    """Return the options of all entry points."""
    return {name: option for entry in specs(role).values() for name, option in entry.get("options", {}).items()}


@pytest.mark.parametrize("role", ROLES)
def test_every_public_variable_carries_the_roles_name(role):
    names = {*options(role), *defaults(role)}
    assert not [name for name in names if not name.startswith(f"{role}_")]


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_specs_name_the_same_variables(role):
    documented = options(role)
    assert set(defaults(role)) <= set(documented), "in defaults/ but not in argument_specs"
    optional = {name for name, option in documented.items() if not option.get("required")}
    silent = {name for name in optional - set(defaults(role)) if "default" in documented[name]}
    assert not silent, "has a default in argument_specs but not in defaults/"


def shared_variables() -> dict[str, str]:
    """The variables that every component has, without the role's name, and what they mean."""
    text = (ROOT / "roles" / "chart" / "README.md").read_text()
    return dict(re.findall(r"^\| `<role>_(\w+)` \| (.+) \|$", text, re.MULTILINE))


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_names_every_variable(role):
    text = (ROOT / "roles" / role / "README.md").read_text()
    explained = {f"{role}_{name}" for name in shared_variables()} if SHARED_TABLE in text else set()
    assert not [name for name in set(options(role)) - explained if f"`{name}`" not in text]


@pytest.mark.parametrize("role", COMPONENTS)
def test_what_every_component_has_is_explained_once(role):
    """The table of the role chart explains it, the specs repeat its words, and no README of a component does."""
    readme = (ROOT / "roles" / role / "README.md").read_text()
    found = {name.removeprefix(f"{role}_"): option["description"] for name, option in options(role).items()}
    shared = {name: meaning for name, meaning in shared_variables().items() if name in found}
    assert len(shared) >= 10, "is the table still there?"
    assert {name: re.sub(r"C\(([^)]+)\)", r"`\1`", found[name]) for name in shared} == shared
    assert SHARED_TABLE in readme
    assert not [name for name in shared if f"\n| `{role}_{name}` |" in readme]


@pytest.mark.parametrize("role", COMPONENTS)
def test_a_component_is_a_folder_of_a_few_short_files(role):
    files = [path for path in (ROOT / "roles" / role).rglob("*") if path.is_file()]
    assert len(files) <= MOST_FILES_OF_A_COMPONENT
    assert not [path for path in files if len(path.read_text().splitlines()) > 200]


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_the_entry_points_that_callers_use(role):
    tasks = {path.stem for path in (ROOT / "roles" / role / "tasks").iterdir()}
    assert {"main", "absent" if role in INTERNAL else "validate"} <= tasks
    assert set(specs(role)) <= tasks, "an entry point without a task file"


@pytest.mark.parametrize("role", ROLES)
def test_every_readme_has_the_same_sections(role):
    headings = re.findall(r"^## (.+)$", (ROOT / "roles" / role / "README.md").read_text(), re.MULTILINE)
    assert headings[-3:] == ["Variables", "AWS permissions", "Example"]


@pytest.mark.parametrize("role", ROLES)
def test_metadata_equals_the_collections(role):
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    found = yaml.safe_load((ROOT / "roles" / role / "meta" / "main.yml").read_text())
    assert found["galaxy_info"].pop("description")
    assert found == {
        "galaxy_info": {
            "author": "flaskops.eks contributors",
            "license": "GPL-3.0-or-later",
            "min_ansible_version": re.fullmatch(r">=(\d+\.\d+)\.0", runtime["requires_ansible"])[1],
        },
        "dependencies": [],
    }


CONDITIONS = {"changed_when", "failed_when", "that", "until", "when"}


def templates(value: object, key: str = "") -> list[tuple[str, bool]]:
    """Return all strings of a YAML document and whether each is a condition (a template without braces)."""
    if isinstance(value, dict):
        return [found for name, item in value.items() for found in templates(item, str(name))]
    if isinstance(value, list):
        return [found for item in value for found in templates(item, key)]
    if not isinstance(value, str):
        return []
    return [("{{ " + value + " }}", True) if key in CONDITIONS else (value, False)]


def expressions(template: str) -> list[list[str]]:
    """Return the expressions of a template, each as a list of tokens."""
    found: list[list[str]] = []
    for _, kind, word in JINJA.lex(template):
        if kind in {"variable_begin", "block_begin"}:
            found.append([])
        elif found and kind not in {"whitespace", "data", "comment", "variable_end", "block_end"}:
            found[-1].append(word)
    return found


def unconverted(role: str) -> list[str]:
    """Return the places where an expression uses a variable of type bool or int without a conversion."""
    types = {name: option["type"] for name, option in options(role).items() if option["type"] in {"bool", "int"}}
    found = []
    folder = ROOT / "roles" / role
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        part = path.relative_to(folder).parts[0]
        if part not in {"defaults", "tasks", "templates", "vars"}:
            continue
        text = path.read_text()
        for template, condition in [(text, False)] if path.suffix == ".j2" else templates(yaml.safe_load(text)):
            for words in expressions(template):
                # Alone in a task, it is a module option or keyword, which Ansible converts, or part of a message.
                if len(words) == 1 and part == "tasks" and not condition:
                    continue
                used = [(word, words[place + 1 : place + 3]) for place, word in enumerate(words) if word in types]
                found += [f"{path.relative_to(ROOT)}: {word}" for word, after in used if after != ["|", types[word]]]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_expressions_convert_extra_variables(role):
    """`-e name=false` passes a string, which is truthy. Argument specs only convert a copy."""
    assert not unconverted(role)
