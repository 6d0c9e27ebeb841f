"""Only records of this environment's load balancer may be replaced or removed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import applications_dns

TAGS = {"elbv2.k8s.aws/cluster": "flask-local", "ingress.k8s.aws/stack": "flask-local"}
# Of the cluster and group above: sha256 of flask-local, flask-local and the scheme.
PUBLIC, INTERNAL = "k8s-flasklocal-f54a1bd9bc", "k8s-flasklocal-f3b9d2cd41"
NUMBERED = "-1234567890.eu-west-1.elb.amazonaws.com"
LIVING = {"dns_name": f"Chosen-by-hand{NUMBERED}", "tags": {**TAGS, "more": "x"}}
OTHERS = {"dns_name": f"shared{NUMBERED}", "tags": {**TAGS, "elbv2.k8s.aws/cluster": "another"}}
HOST = "app.example.com"


def alias(target: str, **changes: Any) -> dict[str, Any]:
    target_of = {"dns_name": target, "hosted_zone_id": "Z32O12XQLNTSW2", "evaluate_target_health": False}
    return {"name": f"{HOST}.", "type": "A", "alias_target": target_of, **changes}


def plain(kind: str, *values: str, name: str = f"{HOST}.") -> dict[str, Any]:
    return {"name": name, "type": kind, "ttl": 60, "resource_records": [{"value": value} for value in values]}


OURS = {
    "of this load balancer": alias(f"chosen-by-hand{NUMBERED}."),
    "written by the console": alias(f"dualstack.chosen-by-hand{NUMBERED}."),
    "of a former one": alias(f"{PUBLIC}{NUMBERED}."),
    "of a former internal one": alias(f"internal-{INTERNAL}{NUMBERED}."),
    "in capitals": alias(f"{PUBLIC}{NUMBERED}.".upper()),
    "in China": alias(f"{PUBLIC}{NUMBERED}.cn."),
}
FOREIGN = {
    "addresses": (plain("A", "192.0.2.1", "192.0.2.2"), "A 192.0.2.1, 192.0.2.2"),
    "IPv6 addresses": (plain("AAAA", "2001:db8::1"), "AAAA 2001:db8::1"),
    "another name": (plain("CNAME", "www.example.net."), "CNAME www.example.net."),
    "a name of ours that is no alias": (plain("CNAME", f"{PUBLIC}{NUMBERED}"), f"CNAME {PUBLIC}{NUMBERED}"),
    "CloudFront": (alias("d111111abcdef8.cloudfront.net."), "A d111111abcdef8.cloudfront.net."),
    "another cluster's": (alias(f"shared{NUMBERED}."), f"A shared{NUMBERED}."),
    "a like-named group's": (alias(f"k8s-flasklocal-0000000000{NUMBERED}."), f"A k8s-flasklocal-0000000000{NUMBERED}."),
    "another region's": (alias(f"{PUBLIC}-1.us-east-1.elb.amazonaws.com."), "A k8s-"),
    "a name that only begins so": (alias(f"{PUBLIC}{NUMBERED}.example.net."), "A k8s-"),
    "a name that only ends so": (alias(f"x-{PUBLIC}{NUMBERED}."), "A x-k8s-"),
    "an IPv6 alias": (alias("d111111abcdef8.cloudfront.net.", type="AAAA"), "AAAA d111111abcdef8.cloudfront.net."),
    "a weighted record": ({**plain("A", "192.0.2.1"), "set_identifier": "blue", "weight": 10}, "A 192.0.2.1"),
}
HARMLESS = {
    "no leading type": plain("TXT", '"v=spf1"'),
    "another host": plain("A", "192.0.2.1", name="www.example.com."),
}


def foreign(*records: dict[str, Any], hosts: tuple[str, ...] = (HOST,), replace: bool = False) -> list[str]:
    return applications_dns.foreign_records(records, hosts, TAGS, "eu-west-1", [LIVING, OTHERS], replace)


def own(*records: dict[str, Any], hosts: tuple[str, ...] = (HOST,)) -> list[dict[str, str]]:
    return applications_dns.own_aliases(records, hosts, TAGS, "eu-west-1", [LIVING, OTHERS])


@pytest.mark.parametrize("record", OURS.values(), ids=list(OURS))
def test_own_records_are_replaced_and_removed(record: dict[str, Any]) -> None:
    assert foreign(record) == []
    target = record["alias_target"]
    assert own(record) == [{"host": HOST, "dns_name": target["dns_name"], "zone_id": target["hosted_zone_id"]}]


@pytest.mark.parametrize(("record", "said"), FOREIGN.values(), ids=list(FOREIGN))
def test_foreign_records_are_neither_replaced_nor_removed(record: dict[str, Any], said: str) -> None:
    (text,) = foreign(record)
    assert text.startswith(f"{HOST} is {said}")
    assert own(record) == []


REPLACEABLE = {"addresses", "CloudFront", "another cluster's"}
REPLACED_BY_NOTHING = {
    "IPv6 addresses",
    "an IPv6 alias",
    "another name",
    "a name of ours that is no alias",
    "a weighted record",
}


@pytest.mark.parametrize("case", sorted(REPLACEABLE))
def test_replaceable_records_are_replaced_if_allowed(case: str) -> None:
    record, _said = FOREIGN[case]
    assert foreign(record)[0].endswith("(flask_app_replace_records: true replaces it)")
    assert foreign(record, replace=True) == []


@pytest.mark.parametrize("case", sorted(REPLACED_BY_NOTHING))
def test_records_that_cannot_be_replaced_are_rejected(case: str) -> None:
    record, said = FOREIGN[case]
    assert foreign(record) == foreign(record, replace=True)
    assert foreign(plain("A", "192.0.2.1"), record, replace=True) == [f"{HOST} is {said}"]


@pytest.mark.parametrize("record", HARMLESS.values(), ids=list(HARMLESS))
def test_unrelated_records_are_ignored(record: dict[str, Any]) -> None:
    assert foreign(record) == [] and own(record) == []


def test_ipv6_alias_to_our_load_balancer_is_accepted_but_not_removed() -> None:
    record = alias(f"{PUBLIC}{NUMBERED}.", type="AAAA")
    assert foreign(record) == [] and own(record) == []


def test_wildcard_is_decoded() -> None:
    record = alias(f"{PUBLIC}{NUMBERED}.", name="\\052.example.com.")
    assert [item["host"] for item in own(record, hosts=("*.Example.com",))] == ["*.example.com"]
    assert foreign(plain("A", "192.0.2.1", name="\\052.example.com."), hosts=("*.example.com",))


def test_long_group_name_is_truncated() -> None:
    names = applications_dns.load_balancer_names("c", "flask-production-eu-west-1")
    assert {name.rpartition("-")[0] for name in names} == {"k8s-flaskproductioneu"} and len(names) == 2
