"""The lines of a plan."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils import _plan_lines as plan_lines


def lines(result: dict[str, t.Any], kind: str = "ec2_vpc_net", task: str = "network | VPC") -> list[plan_lines.Line]:
    return plan_lines.lines_of(result, "network", kind, task, "localhost")


def module_args(**values: t.Any) -> dict[str, t.Any]:
    return {"invocation": {"module_args": values}}


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"changed": False}, None),
        ({"skipped": True, "changed": False, "skip_reason": "Conditional result was False"}, None),
        (
            {"changed": True, **module_args(name="a"), "diff": {"before": {}, "after": {"cidr": "10.0.0.0/16"}}},
            "+ network            ec2_vpc_net a  cidr=10.0.0.0/16",
        ),
        (
            {
                "changed": True,
                **module_args(name="a"),
                "diff": {"before": {"version": "1.31"}, "after": {"version": "1.32"}},
            },
            "~ network            ec2_vpc_net a  version: 1.31 -> 1.32",
        ),
        (
            {"changed": True, **module_args(name="a"), "diff": {"before": {"name": "a"}, "after": {}}},
            "- network            ec2_vpc_net a",
        ),
        ({"changed": True, **module_args(name="a", state="absent")}, "- network            ec2_vpc_net a"),
        (
            {"changed": True, **module_args(cidr="10.0.1.0/24", tags={"Name": "a-1"})},
            "~ network            ec2_vpc_net a-1",
        ),
        ({"changed": True}, "~ network            ec2_vpc_net network | VPC"),
        (
            {"skipped": True, "msg": "remote module (x) does not support check mode"},
            "! network            ec2_vpc_net network | VPC  the module has no check mode",
        ),
        (
            {"changed": False, "plan": {"action": "unplannable", "reason": "it exists"}, **module_args(name="b")},
            "! network            ec2_vpc_net b  it exists",
        ),
        (
            {"changed": True, "censored": "the output has been hidden"},
            "~ network            ec2_vpc_net network | VPC  hidden by no_log",
        ),
    ],
)
def test_one_line(result: dict[str, t.Any], text: str | None) -> None:
    """Sign, component, kind, name and what changes; nothing for what does not change."""
    assert [line.text() for line in lines(result)] == ([] if text is None else [text])


def test_one_line_a_kubernetes_object() -> None:
    """The result of manifests holds many."""
    result = {
        "changed": True,
        "resources": [
            {
                "kind": "Namespace",
                "name": "flask",
                "namespace": None,
                "action": "create",
                "diff": {"before": {}, "after": {}},
            },
            {"kind": "Service", "name": "api", "namespace": "flask", "action": "none", "diff": None},
            {
                "kind": "Deployment",
                "name": "api",
                "namespace": "flask",
                "action": "update",
                "diff": {"before": {"spec": {"minReadySeconds": 0}}, "after": {"spec": {"minReadySeconds": 10}}},
            },
        ],
    }
    assert [line.text() for line in lines(result, "manifests")] == [
        "+ network            Namespace flask",
        "~ network            Deployment flask/api  spec.minReadySeconds: 0 -> 10",
    ]


def test_secrets_are_not_told() -> None:
    """A key that sounds like a secret is hidden, in the text and in the file."""
    result = {
        "changed": True,
        "diff": {"before": {"auth": {"token": "old"}}, "after": {"auth": {"token": "new-token"}}},
    }
    (line,) = lines(result)
    assert line.changes == [{"key": "auth.token", "before": "********", "after": "********"}]
    nested = {
        "changed": True,
        "diff": {"before": {}, "after": {"users": [{"password": "hunter2"}], "values": {"password": "hunter2"}}},
    }
    assert "hunter2" not in str(lines(nested))


def test_totals() -> None:
    """The last line counts them; what cannot be planned is only mentioned when there is some."""
    found = [
        *lines({"changed": True, **module_args(name="a"), "diff": {"before": {}, "after": {"b": 1}}}),
        *lines({"changed": True, **module_args(name="a", state="absent")}),
    ]
    assert plan_lines.summary(plan_lines.totals(found)) == "Plan: 1 to create, 0 to change, 1 to delete."
    found += lines({"plan": {"action": "unplannable"}})
    assert plan_lines.summary(plan_lines.totals(found)).endswith("1 to delete. 1 cannot be planned.")


def test_long_values_are_left_out_of_the_text() -> None:
    """A line stays readable; the file has everything."""
    document = "x" * 400
    (line,) = lines({"changed": True, "diff": {"before": {"policy": "short"}, "after": {"policy": document}}})
    assert line.text().endswith("  policy")
    assert line.changes[0]["after"] == document
