"""The plans of add-on, access entry and pod identity association, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found, ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.eks.access_entry import plan as access_entry_plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon import plan as addon_plan
from ansible_collections.flaskops.eks.plugins.module_utils.eks.pod_identity_association import plan as association_plan

ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
EVERYWHERE = ("cluster", ())


def addon(**options: Any) -> addon_plan.WantedAddon:
    return addon_plan.WantedAddon(cluster_name="c", name="vpc-cni", **options)


def entry(**options: Any) -> access_entry_plan.WantedAccessEntry:
    return access_entry_plan.WantedAccessEntry(cluster_name="c", principal_arn="arn:p", **options)


def association(**options: Any) -> association_plan.WantedAssociation:
    return association_plan.WantedAssociation(cluster_name="c", namespace="flask", service_account="app", **options)


ADDON = {
    "addon_name": "vpc-cni",
    "addon_version": "v1",
    "status": "ACTIVE",
    "configuration_values": '{"a": 1, "b": [2]}',
    "service_account_role_arn": "arn:r",
    "pod_identity_associations": [{"service_account": "s", "role_arn": "arn:x"}],
    "tags": {"t": "1"},
}
ENTRY = {
    "principal_arn": "arn:p",
    "type": "STANDARD",
    "username": "u",
    "kubernetes_groups": ["b", "a"],
    "tags": {},
    "associated_access_policies": [
        {"policy_arn": ADMIN, "access_scope": {"type": "cluster", "namespaces": []}},
        {"policy_arn": VIEW, "access_scope": {"type": "namespace", "namespaces": ["y", "x"]}},
    ],
}
ASSOCIATION = {
    "namespace": "flask",
    "service_account": "app",
    "role_arn": "arn:r",
    "association_id": "a-1",
    "tags": {"t": "1"},
}

CASES = [
    ("add-on: nothing mentioned", addon(), ADDON, []),
    (
        "add-on: equal by meaning",
        addon(
            version="v1",
            configuration_values="b: [2]\na: 1\n",
            tags={"t": "1"},
            service_account_role_arn="arn:r",
            pod_identity_associations=frozenset({("s", "arn:x")}),
        ),
        ADDON,
        [],
    ),
    (
        "add-on: empty configuration is none",
        addon(configuration_values="{}"),
        {**ADDON, "configuration_values": None},
        [],
    ),
    ("add-on: version", addon(version="v2"), ADDON, ["update add-on vpc-cni: version (to v2)"]),
    (
        "add-on: all",
        addon(
            version="v2",
            configuration_values='{"a": 2}',
            service_account_role_arn="arn:n",
            pod_identity_associations=frozenset(),
            tags={},
        ),
        ADDON,
        [
            "remove tags t",
            "update add-on vpc-cni: version, configuration_values, service_account_role_arn, "
            "pod_identity_associations (to v2)",
        ],
    ),
    ("add-on: new", addon(), None, ["create add-on vpc-cni (default version)"]),
    ("add-on: new, pinned", addon(version="v2"), None, ["create add-on vpc-cni (v2)"]),
    (
        "add-on: creation failed",
        addon(),
        {**ADDON, "status": "CREATE_FAILED", "health": {"issues": [{"code": "ConfigurationConflict", "message": "m"}]}},
        [
            "delete add-on vpc-cni (its creation failed: ConfigurationConflict)",
            "create add-on vpc-cni (default version)",
        ],
    ),
    (
        "add-on: update failed",
        addon(version="v1"),
        {**ADDON, "status": "UPDATE_FAILED"},
        ["update add-on vpc-cni: the update before failed"],
    ),
    ("add-on: absent", addon(state="absent"), ADDON, ["delete add-on vpc-cni"]),
    ("add-on: absent already", addon(state="absent"), None, []),
    ("entry: nothing mentioned", entry(), ENTRY, []),
    (
        "entry: equal, other order",
        entry(
            type="STANDARD",
            username="u",
            kubernetes_groups=("a", "b"),
            policies={VIEW: ("namespace", ("x", "y")), ADMIN: EVERYWHERE},
        ),
        ENTRY,
        [],
    ),
    ("entry: groups", entry(kubernetes_groups=("a",)), ENTRY, ["set kubernetes_groups to ['a']"]),
    ("entry: no groups", entry(kubernetes_groups=()), ENTRY, ["set kubernetes_groups to []"]),
    (
        "entry: scope",
        entry(policies={VIEW: EVERYWHERE, ADMIN: EVERYWHERE}),
        ENTRY,
        ["associate AmazonEKSViewPolicy for the cluster"],
    ),
    (
        "entry: extra policy goes",
        entry(policies={VIEW: ("namespace", ("x", "y"))}),
        ENTRY,
        ["disassociate AmazonEKSClusterAdminPolicy"],
    ),
    (
        "entry: new",
        entry(policies={VIEW: ("namespace", ("x",))}),
        None,
        ["create access entry of arn:p", "associate AmazonEKSViewPolicy for the namespaces x"],
    ),
    ("entry: absent", entry(state="absent"), ENTRY, ["delete access entry of arn:p"]),
    ("entry: absent already", entry(state="absent"), None, []),
    ("association: nothing mentioned", association(), ASSOCIATION, []),
    ("association: equal", association(role_arn="arn:r", tags={"t": "1"}), ASSOCIATION, []),
    ("association: role", association(role_arn="arn:n"), ASSOCIATION, ["set role to arn:n"]),
    ("association: new", association(role_arn="arn:r"), None, ["give flask/app the role arn:r"]),
    ("association: absent", association(state="absent"), ASSOCIATION, ["take its role from flask/app"]),
    ("association: absent already", association(state="absent"), None, []),
    ("association of an add-on, equal", association(role_arn="arn:r"), {**ASSOCIATION, "owner_arn": "arn:addon"}, []),
]
IDS = [case[0] for case in CASES]


def plan(wanted: Any, found: Found) -> list[Any]:
    module = {
        addon_plan.WantedAddon: addon_plan,
        access_entry_plan.WantedAccessEntry: access_entry_plan,
        association_plan.WantedAssociation: association_plan,
    }[type(wanted)]
    return module.plan(wanted, found)


@pytest.mark.parametrize(("wanted", "found", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_plan(wanted: Any, found: Found, expected: list[str]) -> None:
    assert [str(action) for action in plan(wanted, found)] == expected


@pytest.mark.parametrize(("wanted", "found", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_prediction_results_in_an_empty_plan(wanted: Any, found: Found, expected: list[str]) -> None:
    after = found
    for action in plan(wanted, found):
        after = action.predict(after)
    if after is not None:
        after.pop("status", None)  # a failed status ends only when EKS has worked
    assert plan(wanted, after) == []


@pytest.mark.parametrize(
    ("wanted", "found", "words"),
    [
        (addon(configuration_values="{a: ["), None, "neither JSON nor YAML"),
        (addon(), {**ADDON, "status": "DELETE_FAILED"}, "DELETE_FAILED"),
        (entry(type="EC2_LINUX"), ENTRY, "cannot change its type from STANDARD"),
        (entry(policies={VIEW: ("namespace", ())}), None, "names its namespaces"),
        (association(), None, "give role_arn"),
        (association(role_arn="arn:n"), {**ASSOCIATION, "owner_arn": "arn:addon"}, "belongs to the add-on arn:addon"),
        (association(state="absent"), {**ASSOCIATION, "owner_arn": "arn:addon"}, "belongs to the add-on"),
    ],
)
def test_rejections_have_a_reason(wanted: Any, found: Found, words: str) -> None:
    with pytest.raises(ResourceError) as caught:
        plan(wanted, found)
    assert words in str(caught.value)


def test_an_update_of_an_addon_keeps_its_role_and_configuration() -> None:
    (action,) = plan(addon(version="v2"), ADDON)
    assert action.request() == {
        "addonVersion": "v2",
        "resolveConflicts": "NONE",
        "configurationValues": '{"a": 1, "b": [2]}',
        "serviceAccountRoleArn": "arn:r",
    }
