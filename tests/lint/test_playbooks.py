"""Rules for playbooks: one vars file connects roles, one list names the components, requirements equal galaxy.yml."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
INTERNAL = {"chart", "pod_identity"}
WIRING = ROOT / "playbooks" / "vars" / "wiring.yml"
COMPONENTS = ROOT / "playbooks" / "vars" / "components.yml"
FACTS = re.compile(r"\b([a-z_]+)_facts\b")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def texts(*patterns: str) -> dict[str, str]:
    return {str(path.relative_to(ROOT)): read(path) for pattern in patterns for path in sorted(ROOT.glob(pattern))}


@pytest.mark.parametrize("role", ROLES)
def test_roles_use_no_facts_of_other_roles(role: str) -> None:
    """A role may use what an internal role returns to it."""
    files = texts(f"roles/{role}/defaults/*.yml", f"roles/{role}/vars/*.yml", f"roles/{role}/tasks/**/*.yml")
    used = {(name, other) for name, text in files.items() for other in FACTS.findall(text) if other in ROLES}
    assert not [(name, other) for name, other in used if other not in {role, *INTERNAL}]


def test_only_the_wiring_uses_facts_as_inputs_of_roles() -> None:
    """A play may ask whether a role has run (`is not defined`)."""
    allowed = ("when: registry_facts is not defined",)
    found = [
        f"{name}: {line.strip()}"
        for name, text in texts("playbooks/*.yml", "playbooks/tasks/*.yml", "site.yml").items()
        for line in text.splitlines()
        if re.search(r"\b[a-z]\w*_facts\b", line.replace("gather_facts", ""))
        and not any(word in line for word in allowed)
    ]
    assert not found


def test_every_wired_variable_is_an_option_of_its_role() -> None:
    options = {
        option
        for role in ROLES
        for entry in yaml.safe_load(read(ROOT / "roles" / role / "meta" / "argument_specs.yml"))[
            "argument_specs"
        ].values()
        for option in entry.get("options", {})
    }
    wired = [name for name in yaml.safe_load(read(WIRING)) if not name.startswith(("flaskops_", "__playbook_"))]
    assert not set(wired) - options


def test_every_component_is_a_role_with_the_entry_points_that_playbooks_call() -> None:
    components = yaml.safe_load(read(COMPONENTS))["flaskops_components"]
    missing = [
        f"{role}/{entry}"
        for role in components
        for entry in ("main", "validate", "absent")
        if not (ROOT / "roles" / role / "tasks" / f"{entry}.yml").exists()
    ]
    assert not missing
    for playbook in ("platform", "preflight", "teardown"):
        text = read(ROOT / "playbooks" / f"{playbook}.yml")
        assert "vars/components.yml" in text
        assert not [role for role in components if f"flaskops.eks.{role}" in text], "the list is the only place"


@pytest.mark.parametrize("role", ROLES)
def test_every_published_fact_has_a_reader(role: str) -> None:
    """The README of the role documents facts, so it is no reader."""
    published: set[str] = set()
    for text in texts(f"roles/{role}/tasks/**/*.yml").values():
        for block in re.findall(rf"^( +){role}_facts:\n((?:\1  .*\n)+)", text, re.MULTILINE):
            published |= set(re.findall(rf"^{block[0]}  (\w+):", block[1], re.MULTILINE))
    readers = "\n".join(
        texts("playbooks/**/*.yml", "roles/**/*.yml", "molecule/**/*.yml", "inventories/**/*.yml").values()
    )
    assert not [key for key in published if f"{role}_facts.{key}" not in readers]


def test_required_collections_equal_the_dependencies_of_the_collection() -> None:
    required = yaml.safe_load(read(ROOT / "collections" / "requirements.yml"))["collections"]
    assert {entry["name"]: entry["version"] for entry in required} == yaml.safe_load(read(ROOT / "galaxy.yml"))[
        "dependencies"
    ]
