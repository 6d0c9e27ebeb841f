"""The plan of a cluster, as a table."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.actions import CreateCluster
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.plan import WantedCluster, cluster_view, plan

FOUND: dict[str, Any] = {
    "name": "c",
    "arn": "arn:aws:eks:eu-west-1:1:cluster/c",
    "status": "ACTIVE",
    "version": "1.32",
    "role_arn": "arn:role",
    "endpoint": "https://e",
    "resources_vpc_config": {
        "subnet_ids": ["subnet-b", "subnet-a"],
        "security_group_ids": ["sg-1"],
        "cluster_security_group_id": "sg-c",
        "endpoint_public_access": True,
        "endpoint_private_access": False,
        "public_access_cidrs": ["0.0.0.0/0"],
    },
    "logging": {
        "cluster_logging": [{"types": ["audit", "api"], "enabled": True}, {"types": ["scheduler"], "enabled": False}]
    },
    "access_config": {"authentication_mode": "API"},
    "upgrade_policy": {"support_type": "STANDARD"},
    "kubernetes_network_config": {"service_ipv4_cidr": "172.20.0.0/16"},
    "deletion_protection": True,
    "tags": {"a": "1", "aws:x": "y"},
}


def found(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(FOUND), **changes}


def want(**options: Any) -> WantedCluster:
    return WantedCluster(name="c", **options)


CASES = [
    ("nothing mentioned", want(), found(), []),
    ("only looked at though it failed", want(), found(status="FAILED"), []),
    (
        "everything equal, other order",
        want(
            version="1.32",
            role_arn="arn:role",
            subnet_ids=("subnet-a", "subnet-b"),
            security_group_ids=("sg-1",),
            endpoint_public_access=True,
            endpoint_private_access=False,
            public_access_cidrs=("0.0.0.0/0",),
            log_types=("api", "audit"),
            deletion_protection=True,
            authentication_mode="API",
            support_type="STANDARD",
            service_ipv4_cidr="172.20.0.0/16",
            tags={"a": "1"},
        ),
        found(),
        [],
    ),
    ("one minor up", want(version="1.33"), found(), ["upgrade Kubernetes from 1.32 to 1.33"]),
    ("logs", want(log_types=("api", "scheduler")), found(), ["set log types to api, scheduler"]),
    ("all logs off", want(log_types=()), found(), ["set log types to none"]),
    ("no logs stay off", want(log_types=()), found(logging={}), []),
    (
        "private endpoint",
        want(endpoint_public_access=False, endpoint_private_access=True),
        found(),
        ["set endpoint access: endpoint_public_access False, endpoint_private_access True"],
    ),
    (
        "ranges",
        want(public_access_cidrs=("192.0.2.0/24",)),
        found(),
        ["set endpoint access: public_access_cidrs ['192.0.2.0/24']"],
    ),
    (
        "ranges mean nothing without a public endpoint",
        want(endpoint_public_access=False, public_access_cidrs=("192.0.2.0/24",)),
        found(
            resources_vpc_config={
                **FOUND["resources_vpc_config"],
                "endpoint_public_access": False,
                "public_access_cidrs": [],
            }
        ),
        [],
    ),
    (
        "another subnet",
        want(subnet_ids=("subnet-a", "subnet-c")),
        found(),
        ["set subnets and security groups: subnet_ids ['subnet-a', 'subnet-c']"],
    ),
    ("encryption is added", want(encryption_key_arn="arn:key"), found(), ["encrypt secrets with arn:key"]),
    (
        "tags: one set, the extra one purged, aws: kept",
        want(tags={"b": "2"}),
        found(),
        ["set tags b=2", "remove tags a"],
    ),
    ("tags without purging", want(tags={"b": "2"}, purge_tags=False), found(), ["set tags b=2"]),
    (
        "aws-auth to access entries in two steps",
        want(authentication_mode="API"),
        found(access_config={"authentication_mode": "CONFIG_MAP"}),
        ["set authentication mode to API_AND_CONFIG_MAP", "set authentication mode to API"],
    ),
    (
        "everything at once, version last",
        want(version="1.33", log_types=(), deletion_protection=False, support_type="EXTENDED", tags={"a": "2"}),
        found(),
        [
            "set tags a=2",
            "set deletion protection to False",
            "set log types to none",
            "set support type to EXTENDED",
            "upgrade Kubernetes from 1.32 to 1.33",
        ],
    ),
    ("absent already", want(state="absent"), None, []),
    ("absent, unprotected", want(state="absent"), found(deletion_protection=False), ["delete cluster c"]),
    (
        "absent, protection taken off",
        want(state="absent", deletion_protection=False),
        found(),
        ["set deletion protection to False", "delete cluster c"],
    ),
    (
        "absent though failed",
        want(state="absent"),
        found(status="FAILED", deletion_protection=False),
        ["delete cluster c"],
    ),
]


@pytest.mark.parametrize(("wanted", "state", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_plan(wanted: WantedCluster, state: dict[str, Any] | None, expected: list[str]) -> None:
    assert [str(action) for action in plan(wanted, state)] == expected


@pytest.mark.parametrize(("wanted", "state", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_prediction_results_in_an_empty_plan(
    wanted: WantedCluster, state: dict[str, Any] | None, expected: list[str]
) -> None:
    after = state
    for action in plan(wanted, state):
        after = action.predict(after)
    assert plan(wanted, after) == []


REFUSALS = [
    ("two minors", want(version="1.34"), found(), "Set version to 1.33 first"),
    ("down", want(version="1.31"), found(), "cannot go down"),
    ("no version", want(version="latest"), None, "Kubernetes minor"),
    ("role", want(role_arn="arn:other"), found(), "role_arn (is arn:role, wanted arn:other)"),
    ("service range", want(service_ipv4_cidr="10.0.0.0/16"), found(), "service_ipv4_cidr"),
    (
        "other key",
        want(encryption_key_arn="arn:2"),
        found(encryption_config=[{"resources": ["secrets"], "provider": {"key_arn": "arn:1"}}]),
        "encryption_key_arn",
    ),
    ("back to aws-auth", want(authentication_mode="CONFIG_MAP"), found(), "cannot go back"),
    ("nothing to create it from", want(subnet_ids=("s",)), None, "give role_arn"),
    ("protected", want(state="absent"), found(), "protected from deletion"),
    (
        "failed",
        want(version="1.34"),
        found(
            status="FAILED", health={"issues": [{"code": "VpcNotFound", "message": "gone", "resource_ids": ["vpc-1"]}]}
        ),
        "VpcNotFound: gone (vpc-1)",
    ),
]


@pytest.mark.parametrize(
    ("wanted", "state", "words"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_rejections_have_a_reason(wanted: WantedCluster, state: dict[str, Any] | None, words: str) -> None:
    with pytest.raises(ResourceError) as caught:
        plan(wanted, state)
    assert words in str(caught.value)


def test_create_call() -> None:
    wanted = want(
        version="1.33",
        role_arn="arn:role",
        subnet_ids=("subnet-a",),
        endpoint_private_access=True,
        log_types=("api",),
        deletion_protection=True,
        tags={"a": "1"},
    )
    (action,) = plan(wanted, None)
    assert isinstance(action, CreateCluster)
    assert action.request() == {
        "version": "1.33",
        "roleArn": "arn:role",
        "resourcesVpcConfig": {"subnetIds": ["subnet-a"], "endpointPrivateAccess": True},
        "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        "bootstrapSelfManagedAddons": False,
        "deletionProtection": True,
        "tags": {"a": "1"},
        "logging": {"clusterLogging": [{"types": ["api"], "enabled": True}]},
    }
    view = cluster_view(action.predict(None) or {})
    assert (view["version"], view["log_types"], view["tags"]) == ("1.33", ["api"], {"a": "1"})
    assert plan(wanted, action.predict(None)) == []


def test_planning_changes_nothing() -> None:
    state = found()
    for action in plan(want(version="1.33", log_types=(), tags={}), state):
        action.predict(state)
    assert state == FOUND
