"""Completion of check mode results."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils import _completion as completion
from ansible_collections.flaskops.eks.plugins.plugin_utils import _planning as planning

UNKNOWN = planning.PLACEHOLDER
RETURNS: dict[str, t.Any] = {
    "vpc": {
        "type": "complex",
        "contains": {"id": {"type": "str"}, "owner": {"type": "dict", "contains": {"id": {"type": "str"}}}},
    },
    "security_group_arn": {"type": "str"},
}


def inputs(redacted: dict[str, t.Any] | None = None, **values: t.Any) -> planning.Inputs:
    return planning.Inputs(values, {**values, **(redacted or {})}, frozenset(values))


@pytest.mark.parametrize(
    ("result", "there"),
    [
        ({"changed": True}, False),
        ({"changed": True, "vpc": {}}, False),
        ({"changed": True, "vpc": None}, False),
        ({"changed": True, "vpc": {"cidr_block": "10.0.0.0/16", "owner_id": ""}}, False),
        ({"changed": True, "vpc": {"parent_id": "p-1"}, "parent_arn": UNKNOWN}, False),  # p-1 is the task's own input
        ({"changed": True, "invocation": {"module_args": {"some_id": "i-1"}}}, False),
        ({"changed": True, "vpc": {"id": "vpc-7"}}, True),
        ({"changed": True, "security_group_arn": "arn"}, True),
        ({"changed": True, "repository": {"repositoryArn": "arn"}}, True),
        ({"changed": True, "log_groups": [{"arn": "arn"}]}, True),
        ({"changed": True, "parameter": {"last_modified_date": "2026-11-21"}}, True),
        ({"changed": True, "diff": {"before": {"a": 1}, "after": {"a": 2}}}, True),
        ({"changed": True, "diff": {"before": {}, "after": {"a": 2}}, "vpc": {"id": "vpc-7"}}, False),
        ({"changed": True, "diff": {"before": {}, "after": {}}, "vpc": {"id": "vpc-7"}}, True),
    ],
)
def test_exists(result: dict[str, t.Any], there: bool) -> None:
    """A difference tells it, else what only AWS can have made."""
    assert completion.exists(result, inputs(cidr_block=["10.0.0.0/16"], ids={"parent": ["p-1"]})) is there


@pytest.mark.parametrize(
    ("result", "action"),
    [
        ({"changed": True}, "create"),
        ({"changed": True, "vpc": {}}, "create"),
        ({"changed": True, "vpc": {"id": "vpc-7"}}, None),
        ({"changed": True, "vpc": {"id": "vpc-7"}, "plan": {"action": "update"}}, "update"),
    ],
)
def test_complete(result: dict[str, t.Any], action: str | None) -> None:
    """A changed result without its object means that the object is not there; a known identifier stays."""
    completed = completion.complete(result, inputs(cidr_block=["10.0.0.0/16"]), RETURNS, "ec2_vpc_net")
    assert completed.get("plan", {}).get("action") == action
    assert completed["vpc"]["id"] == (UNKNOWN if action == "create" else "vpc-7")
    assert completed["vpc"]["owner"] == {"id": UNKNOWN}
    assert ("diff" in completed) is (action == "create")


def test_generated_identifiers_are_unknown() -> None:
    """Else the next task would ask AWS for them."""
    result = {"route_table": {"id": "rtb-xxxxxxxx", "vpc_id": "vpc-1"}, "ids": ["sg-xxxxxxxx", "sg-xxxxxxxxx"]}
    assert completion.without_made_up(result) == {
        "route_table": {"id": UNKNOWN, "vpc_id": "vpc-1"},
        "ids": [UNKNOWN, "sg-xxxxxxxxx"],
    }


def test_with_unknown() -> None:
    """What is there is changed by what is not known yet, beside what the module says itself."""
    wanted = inputs(name="a", groups=[UNKNOWN], token=UNKNOWN, redacted={"token": planning.CENSORED})
    found = {"changed": True, "cluster": {"id": "c-1"}, "diff": {"before": {"version": 1}, "after": {"version": 2}}}
    result = completion.with_unknown(found, wanted, {"groups", "token"})
    assert result["changed"] is True
    assert result["cluster"] == {"id": "c-1"}
    assert result["diff"] == {
        "before": {"version": 1},
        "after": {"version": 2, "groups": [UNKNOWN], "token": planning.CENSORED},
    }
    assert result["plan"] == {"action": "update", "reason": "known after apply: groups, token"}
    unchanged = completion.with_unknown({"changed": False}, wanted, {"groups"})
    assert (unchanged["changed"], unchanged["diff"]["after"]) == (True, {"groups": [UNKNOWN]})
