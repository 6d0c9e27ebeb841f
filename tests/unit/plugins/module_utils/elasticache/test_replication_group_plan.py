"""The plan of a replication group, as a table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found, ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.plan import (
    WantedReplicationGroup,
    plan,
)
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.resource import described

FOUND: dict[str, Any] = {
    "replication_group_id": "g",
    "arn": "arn:g",
    "status": "available",
    "description": "d",
    "engine": "redis",
    "engine_version": "7.1.0",
    "node_type": "cache.t4g.small",
    "num_cache_clusters": 2,
    "automatic_failover": True,
    "multi_az": True,
    "transit_encryption": True,
    "at_rest_encryption": True,
    "kms_key_id": "arn:aws:kms:eu-west-1:1:key/abc",
    "subnet_group_name": "s",
    "security_group_ids": ["sg-1", "sg-2"],
    "snapshot_retention_limit": 7,
    "port": 6379,
    "auth_token_enabled": True,
    "tags": {"a": "1"},
}


def want(state: str = "present", **options: Any) -> WantedReplicationGroup:
    own = {key: options.pop(key) for key in list(options) if key in WantedReplicationGroup.__dataclass_fields__}
    return WantedReplicationGroup(group_id="g", options=options, state=state, **own)


CASES = [
    ("nothing mentioned", want(), FOUND, []),
    (
        "equal",
        want(
            engine="redis",
            engine_version="7.1",
            node_type="cache.t4g.small",
            num_cache_clusters=2,
            automatic_failover=True,
            multi_az=True,
            transit_encryption=True,
            at_rest_encryption=True,
            kms_key_id="abc",
            subnet_group_name="s",
            security_group_ids=["sg-1", "sg-2"],
            port=6379,
            snapshot_retention_limit=7,
            description="d",
            auth_token="not compared",
            tags={"a": "1"},
        ),
        FOUND,
        [],
    ),
    ("any 7", want(engine_version="7.x"), FOUND, []),
    (
        "settings in one call",
        want(description="e", snapshot_retention_limit=1),
        FOUND,
        ["set description to e, snapshot retention limit to 1"],
    ),
    (
        "unknown is not compared",
        want(subnet_group_name="t", security_group_ids=["sg-9"]),
        {**FOUND, "subnet_group_name": None, "security_group_ids": None},
        [],
    ),
    (
        "one node: failover goes first",
        want(num_cache_clusters=1, automatic_failover=False, multi_az=False),
        FOUND,
        ["set automatic failover to False, multi az to False", "change the number of nodes from 2 to 1"],
    ),
    (
        "two nodes: the replica comes first",
        want(num_cache_clusters=2, automatic_failover=True),
        {**FOUND, "num_cache_clusters": 1, "automatic_failover": False},
        ["change the number of nodes from 1 to 2", "set automatic failover to True"],
    ),
    ("engine", want(engine="valkey", engine_version="8.0"), FOUND, ["set engine to valkey, engine version to 8.0"]),
    ("version up", want(engine_version="7.2"), FOUND, ["set engine version to 7.2"]),
    (
        "later",
        want(node_type="cache.m7g.large", apply_immediately=False),
        FOUND,
        ["set node type to cache.m7g.large (in the next maintenance window)"],
    ),
    (
        "token in both steps",
        want(auth_token="x" * 16, update_auth_token=True),
        FOUND,
        ["add the authentication token beside the present one", "make the authentication token the only one"],
    ),
    (
        "token, first step",
        want(auth_token="x" * 16, update_auth_token=True, auth_token_update_strategy="rotate"),
        FOUND,
        ["add the authentication token beside the present one"],
    ),
    ("tags", want(tags={"b": "2"}), FOUND, ["set tags b=2", "remove tags a"]),
    ("absent", want("absent"), FOUND, ["delete replication group g"]),
    (
        "absent with a snapshot",
        want("absent", final_snapshot_identifier="last"),
        FOUND,
        ["delete replication group g, keeping snapshot last"],
    ),
    ("absent already", want("absent"), None, []),
    (
        "new",
        want(
            description="d",
            engine="valkey",
            node_type="t",
            num_cache_clusters=2,
            transit_encryption=True,
            auth_token="x" * 16,
        ),
        None,
        ["create replication group g (valkey, 2 x t)"],
    ),
]
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("wanted", "found", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_plan(wanted: WantedReplicationGroup, found: Found, expected: list[str]) -> None:
    assert [str(action) for action in plan(wanted, found)] == expected


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [case[1:] for case in CASES if "token" not in case[0]],
    ids=[name for name in IDS if "token" not in name],
)
def test_prediction_results_in_an_empty_plan(wanted: WantedReplicationGroup, found: Found, expected: list[str]) -> None:
    after = found
    for action in plan(wanted, found):
        after = action.predict(after)
    assert plan(wanted, after) == []


@pytest.mark.parametrize(
    ("wanted", "found", "words"),
    [
        (want(transit_encryption=False), FOUND, "transit_encryption (is True, wanted False)"),
        (
            want(subnet_group_name="t", port=7000),
            FOUND,
            "subnet_group_name (is s, wanted t), port (is 6379, wanted 7000)",
        ),
        (want(kms_key_id="other"), FOUND, "kms_key_id"),
        (want(engine="redis"), {**FOUND, "engine": "valkey"}, "wanted redis"),
        (want(engine_version="6.2"), FOUND, "cannot go down to 6.2"),
        (want(update_auth_token=True), FOUND, "needs auth_token"),
        (want(engine="valkey"), None, "description, node_type"),
        (want(description="d", engine="valkey", node_type="t", auth_token="x"), None, "needs transit_encryption"),
        (want(), {**FOUND, "status": "create-failed"}, "create-failed"),
    ],
)
def test_rejections_have_a_reason(wanted: WantedReplicationGroup, found: Found, words: str) -> None:
    with pytest.raises(ResourceError) as caught:
        plan(wanted, found)
    assert words in str(caught.value)


def test_token_is_not_in_any_text() -> None:
    wanted = want(
        description="d",
        engine="valkey",
        node_type="t",
        transit_encryption=True,
        auth_token="secret-token-1",
        update_auth_token=True,
    )
    shown = repr(wanted) + "".join(
        f"{action}{action!r}{action.predict(FOUND)}"
        for action in plan(wanted, None) + plan(want(auth_token="secret-token-1", update_auth_token=True), FOUND)
    )
    assert "secret-token-1" not in shown


def test_member_attributes_and_pending_changes_are_merged() -> None:
    group = {
        "replication_group_id": "g",
        "automatic_failover": "enabling",
        "multi_az": "disabled",
        "member_clusters": ["g-001", "g-002"],
        "cache_node_type": "small",
        "transit_encryption_enabled": True,
        "node_groups": [{"primary_endpoint": {"address": "a", "port": 6380}}],
    }
    member = {
        "engine": "valkey",
        "engine_version": "8.0.1",
        "cache_subnet_group_name": "s",
        "security_groups": [{"security_group_id": "sg-2"}, {"security_group_id": "sg-1"}],
        "pending_modified_values": {"cache_node_type": "large"},
    }
    found = described(group, member, {})
    assert (found["automatic_failover"], found["multi_az"], found["num_cache_clusters"]) == (True, False, 2)
    assert (found["node_type"], found["engine_version"], found["subnet_group_name"]) == ("large", "8.0.1", "s")
    assert found["security_group_ids"] == ["sg-1", "sg-2"]
    assert found["primary_endpoint"] == {"address": "a", "port": 6380}
    assert described(group, None, {})["security_group_ids"] is None
    assert described(group, None, None)["tags"] is None
