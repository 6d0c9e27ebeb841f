"""Entries of inventory lists by their state."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import entries

GROUPS = [{"name": "old", "state": "absent"}, {"name": "general"}, {"name": "spot", "state": "present"}]


@pytest.mark.parametrize(("state", "names"), [("present", ["general", "spot"]), ("absent", ["old"])])
def test_entry_without_state_is_present(state: str, names: list[str]) -> None:
    assert [group["name"] for group in entries.in_state(GROUPS, state)] == names


def pod(namespace: str, role_name: str, **more: str) -> dict[str, str]:
    return {"namespace": namespace, "service_account": "app", "role_name": role_name, **more}


GONE = {"state": "absent"}
ROLE, POD = ["role_name"], ["namespace", "service_account"]


@pytest.mark.parametrize(
    ("associations", "keys", "left"),
    [
        ([], ROLE, []),
        ([pod("a", "app")], ROLE, []),
        ([pod("a", "app", **GONE)], ROLE, ["a"]),
        # A pod moves: its association in the old namespace goes, its role does not, whichever comes first.
        ([pod("a", "app", **GONE), pod("b", "app")], ROLE, []),
        ([pod("b", "app", state="present"), pod("a", "app", **GONE)], ROLE, []),
        ([pod("b", "app"), pod("a", "app", **GONE)], POD, ["a"]),
        # It gets another role: the other way round.
        ([pod("a", "app"), pod("a", "old", **GONE)], ROLE, ["a"]),
        ([pod("a", "app"), pod("a", "old", **GONE)], POD, []),
        # It had moved before: one role, removed once.
        ([pod("a", "app", **GONE), pod("b", "app", **GONE)], ROLE, ["a"]),
        ([pod("a", "app", **GONE), pod("b", "app", **GONE)], POD, ["a", "b"]),
        ([pod("a", "one", **GONE), pod("b", "two"), pod("c", "three", **GONE)], ROLE, ["a", "c"]),
    ],
)
def test_object_of_a_present_entry_is_kept(
    associations: list[dict[str, Any]], keys: list[str], left: list[str]
) -> None:
    assert [entry["namespace"] for entry in entries.leaving(associations, *keys)] == left


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
EMPTY = {"name": "", "role_arn": "", "statements": [], "policy_arns": [], "state": "present"}
ACCOUNT = {"namespace": "a", "service_account": "app"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"role_arn": "arn:given"}, {"role_arn": "arn:given"}),
        ({"role_name": "app", "role_arn": "", "policy": {}}, {"name": "app"}),
        ({"role_name": "app", "policy": {"Statement": [STATEMENT]}}, {"name": "app", "statements": [STATEMENT]}),
        ({"role_name": "app", "policy": {"Statement": STATEMENT}}, {"name": "app", "statements": [STATEMENT]}),
        ({"role_name": "app", "policy_arns": ["arn:one"], **GONE}, {"name": "app", "policy_arns": ["arn:one"], **GONE}),
    ],
)
def test_a_pods_role_has_every_key(entry: dict[str, Any], expected: dict[str, Any]) -> None:
    assert entries.pod_roles([{**ACCOUNT, **entry}]) == [{**ACCOUNT, **EMPTY, **expected}]


@pytest.mark.parametrize(
    ("associations", "left"),
    [
        ([], []),
        ([pod("a", "app")], []),
        ([pod("a", "app", **GONE)], [("a", "app", True)]),
        # A role that another owner manages: only the association goes.
        ([{**ACCOUNT, "role_arn": "arn:given", **GONE}], [("a", "", True)]),
        # A pod moves: its role moves along.
        ([pod("a", "app", **GONE), pod("b", "app")], [("a", "", True)]),
        # It gets another role: its association stays.
        ([pod("a", "new"), pod("a", "old", **GONE)], [("a", "old", False)]),
        ([pod("a", "app"), pod("a", "app", **GONE)], []),
        # One role of two absent entries is removed once.
        ([pod("a", "app", **GONE), pod("b", "app", **GONE)], [("a", "app", True), ("b", "", True)]),
    ],
)
def test_removal_of_absent_entries(associations: list[dict[str, Any]], left: list[tuple[str, str, bool]]) -> None:
    going = entries.leaving_pod_roles(entries.pod_roles(associations))
    assert [(entry["namespace"], entry["name"], entry["association"]) for entry in going] == left
