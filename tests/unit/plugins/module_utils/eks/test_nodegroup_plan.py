"""The plan of a node group, as a table."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.actions import (
    UpdateNodegroupConfig,
    UpdateNodegroupVersion,
)
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.plan import (
    WantedNodegroup,
    nodegroup_view,
    plan,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

FOUND: dict[str, Any] = {
    "nodegroup_name": "n",
    "cluster_name": "c",
    "status": "ACTIVE",
    "version": "1.32",
    "release_version": "1.32.5-20250801",
    "node_role": "arn:role",
    "subnets": ["subnet-b", "subnet-a"],
    "scaling_config": {"min_size": 2, "max_size": 6, "desired_size": 4},
    "instance_types": ["m7g.large", "m6g.large"],
    "ami_type": "AL2023_ARM_64_STANDARD",
    "capacity_type": "ON_DEMAND",
    "disk_size": 20,
    "labels": {"workload": "general", "tier": "a"},
    "taints": [{"key": "dedicated", "value": "web", "effect": "NO_SCHEDULE"}, {"key": "plain", "effect": "NO_EXECUTE"}],
    "update_config": {"max_unavailable": 1},
    "tags": {"a": "1"},
}
TAINTS = (("dedicated", "web", "NO_SCHEDULE"), ("plain", "", "NO_EXECUTE"))


def found(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FOUND), **changes}


def want(**options: Any) -> WantedNodegroup:
    return WantedNodegroup(cluster_name="c", name="n", **options)


CASES = [
    ("nothing mentioned", want(), found(), []),
    (
        "equal, other order",
        want(
            node_role_arn="arn:role",
            subnet_ids=("subnet-a", "subnet-b"),
            instance_types=("m6g.large", "m7g.large"),
            scaling_config={"min_size": 2, "max_size": 6, "desired_size": 2},
            labels={"tier": "a", "workload": "general"},
            taints=TAINTS,
            ami_type="AL2023_ARM_64_STANDARD",
            capacity_type="ON_DEMAND",
            disk_size=20,
            update_config={"max_unavailable": 1},
            version="1.32",
            release_version="1.32.5-20250801",
            tags={"a": "1"},
        ),
        found(),
        [],
    ),
    ("the autoscaler's size is left alone", want(scaling_config={"desired_size": 2}), found(), []),
    (
        "bounds that keep it inside",
        want(scaling_config={"min_size": 1, "max_size": 8}),
        found(),
        ["set min_size to 1; set max_size to 8"],
    ),
    (
        "a lower bound above it",
        want(scaling_config={"min_size": 5}),
        found(),
        ["set min_size to 5; set desired_size to 5"],
    ),
    (
        "an upper bound below it",
        want(scaling_config={"max_size": 3}),
        found(),
        ["set max_size to 3; set desired_size to 3"],
    ),
    (
        "a label changed, one added, one removed",
        want(labels={"workload": "batch", "new": "x"}),
        found(),
        ["set label new=x; set label workload=batch; remove label tier"],
    ),
    ("no labels", want(labels={}), found(), ["remove label tier; remove label workload"]),
    (
        "a taint's value",
        want(taints=(("dedicated", "batch", "NO_SCHEDULE"), TAINTS[1])),
        found(),
        ["set taint dedicated=batch:NO_SCHEDULE"],
    ),
    (
        "a taint's effect",
        want(taints=(("dedicated", "web", "NO_EXECUTE"), TAINTS[1])),
        found(),
        ["set taint dedicated=web:NO_EXECUTE; remove taint dedicated=web:NO_SCHEDULE"],
    ),
    ("no taints", want(taints=()), found(), ["remove taint dedicated=web:NO_SCHEDULE; remove taint plain=:NO_EXECUTE"]),
    (
        "update config to a percentage",
        want(update_config={"max_unavailable_percentage": 33}),
        found(),
        ["set max_unavailable_percentage to 33"],
    ),
    ("version", want(version="1.33"), found(), ["replace the nodes: Kubernetes 1.33"]),
    (
        "newer image",
        want(release_version="1.32.7-20251001"),
        found(),
        ["replace the nodes: AMI release 1.32.7-20251001"],
    ),
    (
        "Bottlerocket's hash is no order",
        want(release_version="1.20.0-aaaa"),
        found(release_version="1.20.0-ffff"),
        ["replace the nodes: AMI release 1.20.0-aaaa"],
    ),
    (
        "template version",
        want(launch_template={"id": "lt-1", "version": "3"}),
        found(launch_template={"id": "lt-1", "name": "x", "version": "2"}),
        ["replace the nodes: launch template version 3"],
    ),
    (
        "$Latest is not compared",
        want(launch_template={"id": "lt-1", "version": "$Latest"}),
        found(launch_template={"id": "lt-1", "name": "x", "version": "2"}),
        [],
    ),
    (
        "config before nodes",
        want(labels={"workload": "general", "tier": "b"}, version="1.33", tags={}),
        found(),
        ["remove tags a", "set label tier=b", "replace the nodes: Kubernetes 1.33"],
    ),
    ("degraded is still managed", want(labels={}), found(status="DEGRADED", labels={"x": "y"}), ["remove label x"]),
    ("absent", want(state="absent"), found(), ["delete node group n"]),
    ("absent though its deletion failed", want(state="absent"), found(status="DELETE_FAILED"), ["delete node group n"]),
    ("absent already", want(state="absent"), None, []),
    (
        "creation failed",
        want(node_role_arn="r", subnet_ids=("s",), scaling_config={"min_size": 1}),
        found(status="CREATE_FAILED", health={"issues": [{"code": "NodeCreationFailure", "message": "m"}]}),
        ["delete node group n (its creation failed: NodeCreationFailure)", "create node group n (1 to 1 nodes)"],
    ),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("wanted", "state", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_plan(wanted: WantedNodegroup, state: dict[str, Any] | None, expected: list[str]) -> None:
    assert [str(action) for action in plan(wanted, state)] == expected


@pytest.mark.parametrize(("wanted", "state", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_prediction_results_in_an_empty_plan(
    wanted: WantedNodegroup, state: dict[str, Any] | None, expected: list[str]
) -> None:
    after = state
    for action in plan(wanted, state):
        after = action.predict(after)
    assert plan(wanted, after) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"subnet_ids": ("subnet-a",)}, ["subnet_ids"]),
        ({"instance_types": ("m7g.large",)}, ["instance_types"]),
        ({"ami_type": "BOTTLEROCKET_ARM_64", "disk_size": 50}, ["ami_type", "disk_size"]),
        ({"node_role_arn": "arn:other"}, ["node_role_arn"]),
        ({"capacity_type": "SPOT"}, ["capacity_type"]),
        ({"launch_template": {"id": "lt-1"}}, ["launch_template"]),
    ],
)
def test_immutable_options_are_named_with_the_steps_to_take(options: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(ResourceError) as caught:
        plan(want(**options), found())
    assert caught.value.facts["immutable"] == named
    assert "under another name" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "state", "words"),
    [
        ({"version": "1.31"}, found(), "cannot roll it back"),
        ({"release_version": "1.32.5-20250701"}, found(), "cannot roll it back"),
        ({"node_role_arn": "r"}, None, "subnet_ids and scaling_config"),
        (
            {},
            found(
                status="DELETE_FAILED", health={"issues": [{"code": "Ec2SecurityGroupDeletionFailure", "message": "m"}]}
            ),
            "Ec2SecurityGroupDeletionFailure",
        ),
    ],
)
def test_rejections_have_a_reason(options: dict[str, Any], state: dict[str, Any] | None, words: str) -> None:
    with pytest.raises(ResourceError) as caught:
        plan(want(**options), state)
    assert words in str(caught.value)


def test_one_call_carries_every_cheap_change() -> None:
    (action,) = plan(
        want(labels={"tier": "b"}, taints=(), scaling_config={"max_size": 7}, update_config={"max_unavailable": 2}),
        found(),
    )
    assert isinstance(action, UpdateNodegroupConfig)
    assert action.request() == {
        "labels": {"addOrUpdateLabels": {"tier": "b"}, "removeLabels": ["workload"]},
        "taints": {
            "removeTaints": [
                {"key": "dedicated", "value": "web", "effect": "NO_SCHEDULE"},
                {"key": "plain", "value": "", "effect": "NO_EXECUTE"},
            ]
        },
        "scalingConfig": {"maxSize": 7},
        "updateConfig": {"maxUnavailable": 2},
    }


TEMPLATE = {"id": "lt-1", "name": "x", "version": "2"}
NEWER_TEMPLATE = {"id": "lt-1", "version": "3"}


@pytest.mark.parametrize(
    ("wanted", "state", "expected"),
    [
        (want(version="1.33"), found(), {"version": "1.33"}),
        (
            want(version="1.33", release_version="1.33.4-20251016", force_update=True),
            found(),
            {"version": "1.33", "releaseVersion": "1.33.4-20251016", "force": True},
        ),
        (
            want(release_version="1.32.7-20251001"),
            found(),
            {"version": "1.32", "releaseVersion": "1.32.7-20251001"},
        ),
        (
            want(launch_template=NEWER_TEMPLATE),
            found(launch_template=TEMPLATE),
            {"version": "1.32", "launchTemplate": NEWER_TEMPLATE},
        ),
        (
            want(launch_template=NEWER_TEMPLATE, release_version="1.32.5-20250801"),
            found(launch_template=TEMPLATE),
            {"version": "1.32", "releaseVersion": "1.32.5-20250801", "launchTemplate": NEWER_TEMPLATE},
        ),
        (
            want(launch_template={"name": "x", "version": "3"}, version="1.32"),
            found(launch_template=TEMPLATE, ami_type="CUSTOM", release_version="ami-1"),
            {"launchTemplate": NEWER_TEMPLATE},
        ),
    ],
    ids=["version", "both", "release", "template", "template, same release", "template, own images"],
)
def test_node_update_keeps_the_version_if_not_given(
    wanted: WantedNodegroup, state: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Left out, EKS would take the cluster's version."""
    (action,) = plan(wanted, state)
    assert isinstance(action, UpdateNodegroupVersion)
    assert action.request() == expected


def test_release_version_that_is_not_given_is_not_predicted() -> None:
    (action,) = plan(want(launch_template=NEWER_TEMPLATE), found(launch_template=TEMPLATE))
    after = nodegroup_view(action.predict(found(launch_template=TEMPLATE)) or {})
    assert (after["version"], after["release_version"]) == ("1.32", UNKNOWN)


def test_create_call_starts_with_the_minimum_size() -> None:
    (action,) = plan(
        want(
            node_role_arn="r",
            subnet_ids=("b", "a"),
            scaling_config={"min_size": 2, "max_size": 5},
            labels={"Mixed-Case": "x"},
            taints=TAINTS,
            update_config={"max_unavailable": 1},
        ),
        None,
    )
    request = action.request()  # type: ignore[attr-defined]
    assert request["scalingConfig"] == {"minSize": 2, "maxSize": 5, "desiredSize": 2}
    assert request["subnets"] == ["a", "b"]
    assert (action.predict(None) or {})["labels"] == {"Mixed-Case": "x"}
