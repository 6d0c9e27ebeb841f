"""Evidence of failed runs: collection and retention."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flaskops_sandbox import evidence
from flaskops_sandbox.instance import Instance


@pytest.fixture
def instance(tmp_path, monkeypatch) -> Instance:
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path / "state"))
    return Instance.make("one")


def too_many(changes: str) -> str:
    """Return the positions of removed directories. Each letter is the last change before a directory, `-` is none."""
    found = [(Path(f"{number:x}"), change.replace("-", "")) for number, change in enumerate(changes)]
    return "".join(path.name for path in evidence.surplus(found))


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ("", ""),
        ("aaaaaaaaaa", ""),
        ("abcdefghijk", "0"),
        ("-bcdefghijk", "0"),
        ("abcdeefghij", "5"),
        ("aabbcdefghij", "13"),
        ("a----------", "1"),
        ("abcdefghij-", "0"),
        ("abcdefghijj", "0"),
        ("abcdefghijjj", "a0"),
    ],
)
def test_evidence_of_failures_is_kept_over_rejected_runs(changes, gone):
    assert too_many(changes) == gone


def test_rejected_runs_do_not_displace_a_failed_one(instance):
    calls = instance.log_dir / "calls.jsonl"
    calls.write_text(json.dumps({"time": "1", "action": "CreateVpc", "mutating": True}) + "\n")
    failed = evidence.collect(instance)
    failed = failed.rename(failed.with_name("one-20200101T000000Z"))
    for second in range(evidence.KEEP + 3):
        with calls.open("a") as log:
            log.write(json.dumps({"time": "2", "action": "GetCallerIdentity", "mutating": False}) + "\n")
        refused = evidence.collect(instance)
        refused.rename(refused.with_name(f"one-20200102T0000{second:02d}Z"))
    newest = evidence.collect(instance)
    kept = evidence.folders(instance)
    assert len(kept) == evidence.KEEP
    assert kept[0] == failed and kept[-1] == newest


def test_two_collections_within_a_second(instance):
    (instance.log_dir / "evidence").mkdir()
    (instance.log_dir / "evidence" / "answer.txt").write_text("503")
    (instance.log_dir / "account.log").write_text("x")
    first, second = evidence.collect(instance), evidence.collect(instance)
    for folder in {first, second}:
        assert (folder / "verify" / "answer.txt").read_text() == "503"
        assert folder.stat().st_mode & 0o777 == 0o700
