"""Target states and the result of DescribeTargetHealth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flaskops_sandbox.alb import health
from flaskops_sandbox.alb.health import HEALTHY, NOT_REACHED, PASSED, REGISTERING, TIMED_OUT, CheckResult, Health
from flaskops_sandbox.alb.target_health import STALE_AFTER, Entry, answer, read, write

SLOW = "Target.Timeout"


@pytest.mark.parametrize(
    ("start", "results", "states"),
    [
        (REGISTERING, [PASSED], ["healthy"]),
        (REGISTERING, [TIMED_OUT, TIMED_OUT], ["initial", "unhealthy"]),
        (REGISTERING, [TIMED_OUT, PASSED], ["initial", "healthy"]),
        (HEALTHY, [TIMED_OUT, PASSED, TIMED_OUT, TIMED_OUT], ["healthy", "healthy", "healthy", "unhealthy"]),
        (Health("unhealthy", SLOW), [PASSED, PASSED, PASSED], ["unhealthy", "unhealthy", "healthy"]),
        (Health("unhealthy", SLOW), [PASSED, PASSED, TIMED_OUT, PASSED], ["unhealthy"] * 4),
        (health.DRAINING, [PASSED, TIMED_OUT], ["draining", "draining"]),
        (health.NOT_IN_USE, [PASSED], ["unused"]),
    ],
)
def test_states_after_checks(start: Health, results: list[CheckResult], states: list[str]) -> None:
    seen, now = [], start
    for result in results:
        now = health.after_check(now, result, healthy_threshold=3, unhealthy_threshold=2)
        seen.append(now.state)
    assert seen == states


def test_reasons_follow_the_last_failure() -> None:
    first = health.after_check(REGISTERING, NOT_REACHED, 2, 2)
    assert first.reason == "Elb.InitialHealthChecking"
    second = health.after_check(first, health.wrong_code(500), 2, 2)
    assert (second.reason, second.description) == (
        "Target.ResponseCodeMismatch",
        "Health checks failed with these codes: [500]",
    )
    assert health.after_check(second, TIMED_OUT, 2, 2).reason == "Target.Timeout"
    assert health.after_check(second, PASSED, 1, 2) == HEALTHY


@pytest.mark.parametrize(
    ("matcher", "good", "bad"),
    [
        ("200", [200], [201, 302, 500]),
        ("200-399", [200, 302, 399], [199, 400]),
        ("200,202", [200, 202], [201]),
        ("200-299, 302", [204, 302], [301]),
    ],
)
def test_code_matches(matcher: str, good: list[int], bad: list[int]) -> None:
    assert all(health.code_matches(matcher, code) for code in good)
    assert not any(health.code_matches(matcher, code) for code in bad)


@pytest.mark.parametrize(
    ("states", "chosen"),
    [
        (["healthy", "unhealthy", "initial"], [0]),
        (["unhealthy", "initial", "draining"], [0, 1]),
        (["draining"], []),
        (["unused", "draining"], []),
        ([], []),
    ],
)
def test_eligible_fails_open_but_not_to_draining_targets(states: list[str], chosen: list[int]) -> None:
    assert health.eligible(list(enumerate(map(Health, states)))) == chosen


def entry(port: int, state: str) -> Entry:
    return Entry(id="10.0.0.1", port=port, state=state, reason=None, description=None)


def target(port: int) -> tuple[str, int]:
    return ("10.0.0.1", port)


@pytest.mark.parametrize(
    ("registered", "leaving", "entries", "asked", "expected"),
    [
        ([target(1)], [], [entry(1, "healthy")], [], ["healthy"]),
        ([target(1)], [], [], [], ["initial"]),
        ([target(1)], [], [entry(1, "draining")], [], ["initial"]),
        ([], [target(1)], [entry(1, "healthy")], [], ["draining"]),
        ([], [target(1)], [entry(1, "draining")], [], ["draining"]),
        ([], [target(1)], [], [], []),
        ([target(1), target(2)], [], [entry(1, "healthy")], [("10.0.0.1", 2)], ["initial"]),
        ([target(1)], [], [entry(1, "healthy")], [("10.0.0.1", None)], ["healthy"]),
        ([target(1)], [], [entry(1, "healthy")], [("10.0.0.9", 1)], ["unused"]),
        ([], [target(1)], [], [target(1)], ["unused"]),
    ],
)
def test_answer(
    registered: list[tuple[str, int]],
    leaving: list[tuple[str, int]],
    entries: list[Entry],
    asked: list[tuple[str, int | None]],
    expected: list[str],
) -> None:
    assert [found["state"] for found in answer(registered, leaving, entries, asked)] == expected


def test_stale_health_report_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "target-health.json"
    assert read(path) == {}
    write(path, {"group": [entry(1, "healthy")]})
    assert read(path) == {"group": [entry(1, "healthy")]}
    written = path.stat().st_mtime
    assert read(path, now=written + STALE_AFTER + 1) == {}
    os.utime(path, (written - 60, written - 60))
    assert read(path) == {}
    assert [file.name for file in tmp_path.iterdir()] == ["target-health.json"]
