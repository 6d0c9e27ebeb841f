"""The zone of ExternalDNS, and the TXT records by which it knows its own records."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import external_dns
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


def zone(identifier: str, name: str, private: bool = False) -> dict[str, Any]:
    return {"id": f"/hostedzone/{identifier}", "name": name, "config": {"private_zone": private}}


ZONES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "among others": ([zone("Z1", "example.com."), zone("Z2", "dev.example.com.")], "Z2"),
    "written another way": ([zone("Z2", "DEV.example.com")], "Z2"),
    "a private zone of the same name": ([zone("Z1", "dev.example.com.", True), zone("Z2", "dev.example.com.")], "Z2"),
}


@pytest.mark.parametrize(("zones", "expected"), ZONES.values(), ids=list(ZONES))
@pytest.mark.parametrize("name", ["dev.example.com", "dev.example.com."])
def test_the_public_zone_is_found_by_its_name(zones: list[dict[str, Any]], expected: str, name: str) -> None:
    assert external_dns.public_zone_id({"hosted_zones": zones}, name) == expected


@pytest.mark.parametrize(
    ("zones", "problem"),
    [
        ([], "there is no public zone of this name"),
        ([zone("Z1", "example.com.")], "there is no public zone of this name"),
        ([zone("Z1", "dev.example.com."), zone("Z2", "dev.example.com.")], "there are several public zones"),
    ],
)
def test_without_one_zone_the_name_is_refused(zones: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"external_dns_zone_name: dev.example.com: {problem}"):
        external_dns.public_zone_id({"hosted_zones": zones}, "dev.example.com")


def test_a_missing_zone_is_planned() -> None:
    assert external_dns.public_zone_id({"hosted_zones": []}, "dev.example.com", may_be_missing=True) == UNKNOWN


def txt(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "type": "TXT", "ttl": 300, "resource_records": [{"value": value} for value in values]}


def mark(owner: str) -> str:
    return f'"heritage=external-dns,external-dns/owner={owner},external-dns/resource=ingress/flask/api"'


RECORDS = [
    {"name": "app.example.com.", "type": "A", "alias_target": {"dns_name": "lb."}},
    txt("a-app.example.com.", mark("flask-dev")),
    txt("a-\\052.example.com.", mark("flask-dev")),
    txt("a-other.example.com.", mark("flask-dev-2")),
    txt("example.com.", '"v=spf1 -all"'),
    txt("trap.example.com.", '"external-dns/owner=flask-dev"'),
]


def test_ownership_records_of_one_owner() -> None:
    results = [{"item": "Z1", "resource_record_sets": RECORDS}, {"item": "Z2", "skipped": True}]
    assert external_dns.ownership_records(results, "flask-dev") == [
        {"zone_id": "Z1", "name": "a-app.example.com.", "ttl": 300, "texts": [mark("flask-dev")]},
        {"zone_id": "Z1", "name": "a-*.example.com.", "ttl": 300, "texts": [mark("flask-dev")]},
    ]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ([], []),
        (["new.example.com"], ["a-new.example.com"]),
        (["app.example.com", "*.example.com", "other.example.com"], []),
        (["App.example.com", "trap.example.com"], ["a-trap.example.com"]),
    ],
)
def test_aliases_without_a_mark_are_handed_over(hosts: list[str], expected: list[str]) -> None:
    aliases = [{"host": host} for host in hosts]
    made = external_dns.unmarked_aliases(aliases, RECORDS, "flask-dev", "ingress/flask/api")
    assert [entry["name"] for entry in made] == expected
    assert all(entry["text"] == mark("flask-dev") for entry in made)
