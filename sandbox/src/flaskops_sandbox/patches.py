"""Copies of Go modules that are changed before they are built.

Go has no way to change a file of the module cache during a build, so a copy is made, changed by a recipe
(patch.toml) and built in its own folder. go.mod and go.sum come from the recipe's folder, so the build is pinned.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

RECIPE = "patch.toml"


class PatchError(Exception):
    """A recipe does not fit the module, most likely after a change of the version; the text names the rule."""


def make_copy(module: Path, recipe: Path, target: Path) -> None:
    """Copy `module` to `target` and apply the recipe of the folder `recipe`. Raises PatchError."""
    rules = tomllib.loads((recipe / RECIPE).read_text(encoding="utf-8"))
    # Files of the module cache are read-only; only the copy's contents and modes matter here.
    shutil.copytree(module, target, copy_function=shutil.copyfile)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    for pattern in rules.get("remove", []):
        _remove(target, pattern)
    for name, expressions in rules.get("delete", {}).items():
        path = target / name
        path.write_text(without(path.read_text(encoding="utf-8"), expressions, name), encoding="utf-8")
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(recipe / name, target / name)


def without(text: str, expressions: Sequence[str], name: str) -> str:
    """The text without what the expressions match. Raises PatchError if one matches nothing."""
    for expression in expressions:
        text, count = re.subn(expression, "", text, flags=re.MULTILINE)
        if not count:
            raise PatchError(f"{name}: {expression!r} matches nothing; adapt {RECIPE} to the module's version")
    return text


def _remove(folder: Path, pattern: str) -> None:
    found = list(folder.glob(pattern))
    if not found:
        raise PatchError(f"{pattern}: no such file in the module; adapt {RECIPE} to the module's version")
    for path in found:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
