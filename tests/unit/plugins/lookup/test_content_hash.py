"""The hash depends on content, not on place or time."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.flaskops.eks.plugins.lookup.content_hash import content_hash

IGNORE = [".git", "*.pyc"]


def tree(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.py").write_text("print(1)\n")
    (folder / "Containerfile").write_text("FROM scratch\n")
    return folder


def test_same_content_same_hash(tmp_path: Path) -> None:
    """In another directory, and with ignored files."""
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    (two / ".git").mkdir()
    (two / ".git" / "HEAD").write_text("x")
    (two / "src" / "main.pyc").write_text("x")
    assert content_hash(one, IGNORE) == content_hash(two, IGNORE)


@pytest.mark.parametrize("change", ["content", "name", "mode", "new", "moved"])
def test_other_content_other_hash(tmp_path: Path, change: str) -> None:
    """Every kind of change changes the hash."""
    one, two = tree(tmp_path / "one"), tree(tmp_path / "two")
    main = two / "src" / "main.py"
    if change == "content":
        main.write_text("print(2)\n")
    elif change == "name":
        main.rename(main.with_name("other.py"))
    elif change == "mode":
        main.chmod(0o755)
    elif change == "new":
        (two / "empty").touch()
    else:
        main.rename(two / "main.py")
    assert content_hash(one, IGNORE) != content_hash(two, IGNORE)


def test_missing_directory(tmp_path: Path) -> None:
    """The error names the directory."""
    with pytest.raises(AnsibleError, match="nothing is not a directory"):
        content_hash(tmp_path / "nothing", [])
