"""Statements become as few policies as IAM's size limit allows, under names that do not move."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import iam_policies

EMPTY = '{"Version":"2012-10-17","Statement":[]}'
ROOM = iam_policies.LARGEST_DOCUMENT - len(EMPTY) - 1


def statement(sid: str, size: int) -> dict[str, Any]:
    """A statement of that many characters."""
    made = {"Sid": sid, "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ""}
    missing = size - len(json.dumps(made, separators=(",", ":")))
    assert missing >= 0
    return {**made, "Resource": "r" * missing}


def counted(document: dict[str, Any]) -> int:
    """What IAM counts, said another way than in the filter."""
    return sum(not character.isspace() for character in json.dumps(document, indent=2))


def sids(policies: list[dict[str, Any]]) -> list[list[str]]:
    return [[item["Sid"] for item in policy["document"]["Statement"]] for policy in policies]


CASES: dict[str, tuple[list[int], list[list[str]]]] = {
    "nothing": ([], []),
    "one small": ([100], [["a"]]),
    "the largest that fits": ([ROOM], [["a"]]),
    "two that just fit": ([3000, ROOM - 3001], [["a", "b"]]),
    "two that just do not": ([3000, ROOM - 3000], [["a"], ["b"]]),
    "the order is kept inside a policy": ([2000, 2000, 2000, 2000], [["a", "b", "c"], ["d"]]),
    "in order it would take three": ([3500, 3500, 2500, 2500], [["a", "c"], ["b", "d"]]),
    "small ones fill the gaps": ([200, 5000, 200, 5000, 200], [["a", "b", "c", "e"], ["d"]]),
}


@pytest.mark.parametrize(("sizes", "expected"), CASES.values(), ids=list(CASES))
def test_statements_are_split(sizes: list[int], expected: list[list[str]]) -> None:
    statements = [statement(sid, size) for sid, size in zip("abcdefgh", sizes, strict=False)]
    policies = iam_policies.policy_documents(statements, "web")
    assert sids(policies) == expected
    assert all(policy["document"]["Version"] == "2012-10-17" for policy in policies)
    assert [policy["name"] for policy in policies] == ["web", "web-2", "web-3"][: len(expected)]
    assert all(counted(policy["document"]) <= iam_policies.LARGEST_DOCUMENT for policy in policies)


def test_white_space_is_not_counted() -> None:
    (policy,) = iam_policies.policy_documents([{**statement("a", ROOM), "Sid": "a" + " " * 50}], "web")
    assert counted(policy["document"]) <= iam_policies.LARGEST_DOCUMENT


def test_statement_that_is_too_large_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape("IAM policy web: its statement big has 6200 characters")):
        iam_policies.policy_documents([statement("big", 6200)], "web")


def test_more_policies_than_a_role_can_have_are_rejected() -> None:
    with pytest.raises(AnsibleFilterError, match="need 11 policies"):
        iam_policies.policy_documents([statement(f"s{number}", 4000) for number in range(11)], "web")


NAMES: dict[str, tuple[list[str], int, list[str]]] = {
    "no policy of its own": ([], 0, []),
    "nothing attached": ([], 1, ["web"]),
    "one that is no longer wanted": (["web"], 0, ["web"]),
    "after an interrupted run": ([], 3, ["web", "web-2", "web-3"]),
    "more than are wanted now": (["web", "web-2", "web-3"], 1, ["web", "web-2", "web-3"]),
    "the last number": (["web-10"], 1, ["web", "web-10"]),
    "policies of others": (["web-admin", "web-11", "web-1", "report", "AmazonSSMReadOnlyAccess"], 1, ["web"]),
}


@pytest.mark.parametrize(("attached", "at_least", "expected"), NAMES.values(), ids=list(NAMES))
def test_names_of_a_roles_own_policies(attached: list[str], at_least: int, expected: list[str]) -> None:
    assert iam_policies.policy_names([{"policy_name": name} for name in attached], "web", at_least) == expected
