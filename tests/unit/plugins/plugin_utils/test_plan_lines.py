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
        ({"changed": False, "skip_reason": "Conditional result was False"}, None),
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
        # Without "skipped": ansible-core takes it out of what callbacks are given.
        (
            {"changed": False, "msg": "remote module (x) does not support check mode"},
            "! network            ec2_vpc_net network | VPC  the module has no check mode",
        ),
        (
            {"changed": False, "msg": "Command would have run if not in check mode"},
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
        ({"changed": False, "censored": "the output has been hidden"}, None),
        # changed_when: false
        (
            {"changed": False, "plan": {"action": "create", "reason": "it does not exist"}, **module_args(name="a")},
            None,
        ),
        ({"changed": True, "resources": [], **module_args(name="a")}, "~ network            ec2_vpc_net a"),
        (
            {"changed": True, "resources": [{"action": ["s3:*"]}], "plan": {"action": ["x"]}, **module_args(name="a")},
            "~ network            ec2_vpc_net a",
        ),
        ({"changed": True, "invocation": "none"}, "~ network            ec2_vpc_net network | VPC"),
        (
            {"changed": True, **module_args(state="absent", vpc_id="vpc-1", route_table_id="rtb-1")},
            "- network            ec2_vpc_net rtb-1",
        ),
    ],
)
def test_one_line(result: dict[str, t.Any], text: str | None) -> None:
    """Sign, component, kind, name and what changes; nothing for what does not change."""
    assert [line.text() for line in lines(result)] == ([] if text is None else [text])


TEXT = {"after": "new\n", "after_header": "/tmp/source"}


@pytest.mark.parametrize(
    ("diff", "action"),
    [
        ([{"before": "", **TEXT}], "create"),
        ([{"before": "", "src_binary": 1}], "create"),
        ([{"before": "", "after": "", "after_header": "/tmp/source"}], "create"),
        ([{"before": "old\n", "before_header": "/etc/a", **TEXT}], "update"),
        ([{"before": "", "before_header": "/etc/a", **TEXT}], "update"),
        ([{"dst_binary": 1, **TEXT}], "update"),
        ([{"dst_larger": 1, "src_larger": 1}], "update"),
        ([{}], "update"),
        ([], "update"),
        (None, "update"),
        ({"prepared": "--- a"}, "update"),
        ({"before": {"path": "/a", "state": "absent"}, "after": {"path": "/a", "state": "directory"}}, "create"),
        ({"before": {"path": "/a", "state": "file"}, "after": {"path": "/a", "state": "absent"}}, "delete"),
        ({"before": {"path": "/a", "mode": "0644"}, "after": {"path": "/a", "mode": "0600"}}, "update"),
        ({"before": None, "after": {"a": 1}}, "create"),
        ({"before": {}, "after": {}}, "update"),
        ([{"before": {}, "after": {"a": 1}}, {"before": {}, "after": {"b": 1}}], "create"),
        ([{"before": {}, "after": {"a": 1}}, {"before": {"b": 1}, "after": {"b": 2}}], "update"),
    ],
)
def test_changes_of_a_difference(diff: t.Any, action: str) -> None:
    """A file that is there, even an empty one, is changed; one that is not is created."""
    assert plan_lines.action_of({"changed": True, "diff": diff}) == action


def test_text_is_not_part_of_the_plan() -> None:
    """Neither the content of a file nor the temporary path that its difference names."""
    (line,) = lines({"changed": True, "diff": [{"before": "", **TEXT}], **module_args(dest="/etc/a")}, "copy")
    assert line.text() == "+ network            copy /etc/a  content"
    assert line.changes == [{"key": "content", "before": None, "after": None}]


def test_no_log_hides_values() -> None:
    """The worker tells actions only; the controller makes lines of them that bear the task's name."""
    manifests = {
        "changed": True,
        "resources": [
            {
                "kind": "Secret",
                "name": "sentinel",
                "action": "create",
                "diff": {"before": {}, "after": {"a": "sentinel"}},
            },
            {"kind": "Secret", "name": "sentinel", "action": "none", "diff": None},
            {"kind": "Secret", "name": "sentinel", "action": "delete", "diff": None},
        ],
    }
    hidden = plan_lines.hidden_actions(manifests)
    assert hidden == ["create", "delete"]
    censored = {"changed": True, "censored": "the output has been hidden"}
    found = plan_lines.lines_of(censored, "network", "manifests", "Secrets", "localhost", hidden)
    assert [line.text() for line in found] == [
        "+ network            manifests Secrets  hidden by no_log",
        "- network            manifests Secrets  hidden by no_log",
    ]
    assert not plan_lines.lines_of(
        {**censored, "changed": False}, "network", "manifests", "Secrets", "localhost", hidden
    )


def test_one_line_per_kubernetes_object() -> None:
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


def test_secrets_are_hidden() -> None:
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
    named = {"changed": True, "diff": {"before": {"p": {"name": "token", "value": "hunter2"}}, "after": {"p": {}}}}
    assert "hunter2" not in str(lines(named))


def test_totals() -> None:
    """The last line counts them; what cannot be planned is only mentioned when there is some."""
    found = [
        *lines({"changed": True, **module_args(name="a"), "diff": {"before": {}, "after": {"b": 1}}}),
        *lines({"changed": True, **module_args(name="a", state="absent")}),
    ]
    assert plan_lines.summary(plan_lines.totals(found)) == "Plan: 1 to create, 0 to change, 1 to delete."
    found += lines({"plan": {"action": "unplannable"}})
    assert plan_lines.summary(plan_lines.totals(found)).endswith("1 to delete. 1 cannot be planned.")
    kept = {
        "kind": "Service",
        "name": "old",
        "namespace": "flask",
        "action": "kept",
        "diff": None,
        "reason": "not removed",
    }
    (line,) = lines({"changed": False, "resources": [kept]})
    assert line.text().startswith("! ") and line.text().endswith("Service flask/old  not removed")
    assert plan_lines.summary(plan_lines.totals([*found, line])).endswith("1 cannot be planned. 1 not removed.")


def test_long_values_are_left_out_of_the_text() -> None:
    """A line stays readable; the file has everything."""
    document = "x" * 400
    (line,) = lines({"changed": True, "diff": {"before": {"policy": "short"}, "after": {"policy": document}}})
    assert line.text().endswith("  policy")
    assert line.changes[0]["after"] == document
