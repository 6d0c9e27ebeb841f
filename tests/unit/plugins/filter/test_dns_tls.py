"""Owner of a zone and its removable records."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import dns_tls

OURS = {
    "flaskops:project": "flask",
    "flaskops:environment": "dev",
    "flaskops:component": "dns_tls",
    "flaskops:managed-by": "flaskops.eks",
}


def pairs_of(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def described(**values: str) -> dict[str, Any]:
    pairs = pairs_of({**OURS, **{f"flaskops:{key}": value for key, value in values.items()}})
    return {"resource_tag_sets": [{"resource_type": "hostedzone", "tags": pairs}]}


@pytest.mark.parametrize(
    ("answer", "ours"),
    [
        (described(), True),
        (described(environment="prod"), False),
        (described(project="shop"), False),
        (described(component="eks"), False),
        ({"resource_tag_sets": [{"tags": []}]}, False),
        ({}, False),
    ],
)
def test_zone_is_ours_only_with_every_identity_tag(answer: dict[str, Any], ours: bool) -> None:
    assert dns_tls.zone_belongs_to(answer, OURS) is ours


def test_records_become_options_without_ns_and_soa_of_the_zone() -> None:
    records = [
        {"name": "example.com.", "type": "NS", "ttl": 172800, "resource_records": [{"value": "ns."}]},
        {"name": "example.com.", "type": "SOA", "ttl": 900, "resource_records": [{"value": "soa"}]},
        {"name": "sub.example.com.", "type": "NS", "ttl": 60, "resource_records": [{"value": "ns2."}]},
        {"name": "_x.example.com.", "type": "CNAME", "ttl": 300, "resource_records": [{"value": "y."}]},
        {
            "name": "app.example.com.",
            "type": "A",
            "alias_target": {"hosted_zone_id": "Z32", "dns_name": "alb.", "evaluate_target_health": False},
        },
    ]
    assert dns_tls.removable_records(records, "example.com") == [
        {"record": "sub.example.com.", "type": "NS", "ttl": 60, "value": ["ns2."]},
        {"record": "_x.example.com.", "type": "CNAME", "ttl": 300, "value": ["y."]},
        {
            "record": "app.example.com.",
            "type": "A",
            "alias": True,
            "alias_hosted_zone_id": "Z32",
            "value": ["alb."],
        },
    ]


@pytest.mark.parametrize(
    ("comment", "tags", "foreign"),
    [
        ("flaskops.eks flask dev", [], []),
        ("dev", [], ["Z1"]),
        ("flaskops.eks flask development", [], ["Z1"]),
        ("flaskops.eks shop dev", [], ["Z1"]),
        ("", [], ["Z1"]),
        ("the company's", [], ["Z1"]),
        ("flaskops.eks flask dev", [{"key": "owner", "value": "mail team"}], ["Z1"]),
        ("anything", pairs_of(OURS), []),
        ("prod", pairs_of({**OURS, "flaskops:environment": "prod"}), ["Z1"]),
        ("another project's", pairs_of({**OURS, "flaskops:project": "shop"}), ["Z1"]),
    ],
)
def test_foreign_zone_and_unfinished_own_zone(comment, tags, foreign) -> None:
    result = {"item": {"id": "/hostedzone/Z1", "config": {"comment": comment}}, "resource_tag_sets": [{"tags": tags}]}
    assert dns_tls.foreign_zones([result], OURS, "flaskops.eks flask dev") == foreign


def test_incomplete_identity_tags_match_no_zone() -> None:
    with pytest.raises(AnsibleFilterError, match="add flaskops:project"):
        dns_tls.zone_belongs_to(described(), {key: OURS[key] for key in OURS if key != "flaskops:project"})
