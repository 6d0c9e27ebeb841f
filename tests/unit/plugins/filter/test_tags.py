"""Owner of resources by tags."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import tags

OWN = {"flaskops:environment": "dev", "flaskops:component": "eks", "flaskops:managed-by": "flaskops.eks", "team": "web"}
BALANCER = {"tags": {"a.b/c": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("wanted", "count"), [({"a.b/c": "1"}, 1), ({"a.b/c": "1", "b": "2"}, 1), ({"b": "1"}, 0), ({"c": "1"}, 0)]
)
def test_only_resources_with_every_tag_are_kept(wanted: dict[str, str], count: int) -> None:
    assert len(tags.tagged_with([BALANCER, {"tags": None}, {}], wanted)) == count


def refused(found: dict[str, str] | None, own: dict[str, str] = OWN) -> list[str]:
    return tags.foreign([{"role_name": "flask-dev-eks-node", "tags": found}], own, "IAM role", "role_name")


@pytest.mark.parametrize("found", [OWN, {key: OWN[key] for key in OWN if key != "team"}, {**OWN, "team": "other"}])
def test_additional_tags_do_not_change_the_owner(found: dict[str, str]) -> None:
    assert refused(found) == []


@pytest.mark.parametrize(
    ("found", "has"),
    [
        (None, "(none)"),
        ({}, "(none)"),
        ({"owner": "ann"}, "(owner=ann)"),
        ({**OWN, "flaskops:environment": "prod"}, "flaskops:environment=prod"),
        ({**OWN, "flaskops:component": "secrets"}, "flaskops:component=secrets"),
        ({"flaskops:environment": "dev", "flaskops:component": "eks"}, "(flaskops:component=eks, flaskops:environment"),
    ],
)
def test_foreign_resource_is_reported_with_tags_and_next_step(found: dict[str, str] | None, has: str) -> None:
    (sentence,) = refused(found)
    assert sentence.startswith("IAM role flask-dev-eks-node exists")
    assert has in sentence
    assert (
        "set flaskops:component=eks, flaskops:environment=dev, flaskops:managed-by=flaskops.eks on it if it shall be "
        "managed here" in sentence
    )


def test_nothing_is_rejected_without_identity_or_resource() -> None:
    assert refused({"owner": "ann"}, {"team": "web"}) == []
    assert tags.foreign([None, {}], OWN, "IAM policy", "policy_name") == []


OTHERS = {"owner": "ann"}


@pytest.mark.parametrize(
    ("module", "result", "named"),
    [
        ("amazon.aws.iam_role", {"iam_roles": [{"role_name": "node", "tags": OTHERS}]}, ["IAM role node"]),
        ("amazon.aws.iam_role", {"iam_roles": [{"role_name": "node", "tags": OWN}]}, []),
        ("amazon.aws.iam_role", {"iam_roles": [{"role_name": "node", "tags": {}}]}, ["IAM role node"]),
        ("amazon.aws.iam_role", {"iam_roles": [{"role_name": "node"}]}, ["IAM role node"]),
        ("amazon.aws.iam_role", {"iam_roles": []}, []),
        ("amazon.aws.iam_role", {"skipped": True}, []),
        (
            "flaskops.eks.secretsmanager_secret",
            {"secrets": [{"name": "a", "tags": OTHERS}, {"name": "b", "tags": OWN}, {"name": "c", "tags": OTHERS}]},
            ["secret a", "secret c"],
        ),
        (
            "amazon.aws.iam_managed_policy",
            {"results": [{"policies": [{"policy_name": "p", "tags": OTHERS}]}, {"policies": []}, {"skipped": True}]},
            ["IAM policy p"],
        ),
        # ElastiCache returns the tags of an available group only.
        (
            "flaskops.eks.elasticache_replication_group",
            {"replication_groups": [{"replication_group_id": "g", "tags": None}]},
            [],
        ),
    ],
)
def test_objects_of_another_owner_are_named(module: str, result: dict[str, Any], named: list[str]) -> None:
    sentences = tags.foreign_objects({module: result}, OWN)
    assert [sentence.split(" exists, and its tags (")[0] for sentence in sentences] == named
    assert all("set flaskops:component=eks" in sentence for sentence in sentences)
    assert tags.foreign_objects({module: result}, {"team": "web"}) == []


def test_objects_of_several_modules_are_checked_together() -> None:
    found = {
        "amazon.aws.kms_key": {"kms_keys": [{"key_id": "k", "tags": OTHERS}]},
        "flaskops.eks.eks_cluster": {"clusters": [{"name": "c", "tags": OTHERS}]},
    }
    assert [sentence.split(" exists")[0] for sentence in tags.foreign_objects(found, OWN)] == [
        "KMS key k",
        "EKS cluster c",
    ]


@pytest.mark.parametrize("module", ["amazon.aws.route53", "amazon.aws.unknown"])
def test_a_module_without_an_info_twin_is_an_error(module: str) -> None:
    with pytest.raises(AnsibleFilterError, match=module):
        tags.foreign_objects({module: {}}, OWN)


WHOLE = {**OWN, "flaskops:project": "flask"}


def test_identity_becomes_filters_of_describe_calls() -> None:
    assert tags.tag_filters(WHOLE) == {f"tag:{key}": value for key, value in WHOLE.items() if key != "team"}


@pytest.mark.parametrize("key", [key for key in WHOLE if key != "team"])
def test_incomplete_identity_is_rejected(key: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"add {key}"):
        tags.tag_filters({**WHOLE, key: ""})
