"""Plain English: task names start with an imperative verb, and text uses the terms of the field."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]

# First words of task names. Add a verb here if none of these fits.
VERBS = {
    "Add", "Allocate", "Apply", "Associate", "Attach", "Build", "Check", "Collect", "Configure", "Connect", "Copy",
    "Create", "Delete", "Deploy", "Disable", "Discover", "Enable", "Fail", "Find", "Finish", "Import", "Install",
    "List", "Load", "Migrate", "Patch", "Point", "Publish", "Push", "Read", "Reject", "Release", "Remove", "Render",
    "Replace", "Report", "Request", "Restart", "Roll", "Rotate", "Run", "Scale", "Select", "Send", "Set", "Show",
    "Start", "Stop", "Switch", "Take", "Uninstall", "Update", "Upgrade", "Validate", "Verify", "Wait", "Write",
}  # fmt: skip

# "A module whose object exists" is fine; "whose it is" hides the owner.
PHRASES = re.compile(
    r"\b(somebody|someone else|nobody (else|can|could|may|knows|has|uses|asks)|whoever|whose (it|they|an?)|under way"
    r"|the way in|the way back|comes? and goes?|what is none|asks nothing|is told|all the same|at AWS)\b",
    re.IGNORECASE,
)
NOT_PROSE = re.compile(r"(^|/)(LICENSE|requirements[^/]*\.txt|go\.(sum|mod))$|\.(json|lock|png|svg)$")

# Files that still have to be rewritten.
PENDING: tuple[str, ...] = ()


def tracked(*patterns: str) -> list[str]:
    """Return the tracked files to check."""
    command = ["git", "ls-files", "-z", *patterns]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in names if (ROOT / name).is_file() and not (PENDING and name.startswith(PENDING))]


def task_names(entries: object) -> Iterator[str]:
    """Yield the names of plays and tasks, with those in blocks."""
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("name"), str):
            yield entry["name"]
        for section in ("block", "rescue", "always", "pre_tasks", "tasks", "post_tasks", "handlers"):
            yield from task_names(entry.get(section))


def first_word(name: str) -> str:
    """Return the first word of a task name after the prefix `Chapter | `."""
    return re.sub(r"^[^{|]+ \| ", "", name).split(" ")[0].rstrip(",")


def test_task_names_start_with_an_imperative_verb() -> None:
    wrong = [
        f"{file}: {name}"
        for file in tracked("roles/*/tasks/*.yml", "playbooks/*.yml", "molecule/*.yml", "site.yml")
        for name in task_names(yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
        if first_word(name) not in VERBS
    ]
    assert not wrong, "start these names with a verb, like Create or Wait:\n" + "\n".join(wrong)


def test_text_uses_the_terms_of_the_field() -> None:
    found = [
        f"{file}:{number}: {match[0]}"
        for file in tracked()
        if file != "tests/lint/test_language.py" and not NOT_PROSE.search(file)
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        for match in PHRASES.finditer(line)
    ]
    assert not found, "name the object, the owner or the state instead:\n" + "\n".join(found)
