"""Owner of resources by tags."""

from __future__ import annotations

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


WHOLE = {**OWN, "flaskops:project": "flask"}


def test_identity_becomes_filters_of_describe_calls() -> None:
    assert tags.tag_filters(WHOLE) == {f"tag:{key}": value for key, value in WHOLE.items() if key != "team"}


@pytest.mark.parametrize("key", [key for key in WHOLE if key != "team"])
def test_incomplete_identity_is_rejected(key: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"add {key}"):
        tags.tag_filters({**WHOLE, key: ""})
