"""Certificates: which one is meant, the plan, and applying it to a small ACM and Route 53."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils import _acm_certificate
from ansible_collections.flaskops.eks.plugins.module_utils._acm import validation_records
from ansible_collections.flaskops.eks.plugins.module_utils._acm_certificate import (
    Certificate,
    WantedCertificate,
    choose,
    plan,
)
from ansible_collections.flaskops.eks.plugins.module_utils._resource import ResourceError

OURS = {"flaskops:environment": "dev", "flaskops:component": "dns_tls"}


def certificate(arn: str, **changes: Any) -> dict[str, Any]:
    names = changes.pop("names", ["example.com", "*.example.com"])
    options = [
        {
            "domain_name": name,
            "validation_status": "SUCCESS",
            "resource_record": {
                "name": f"_x.{name.removeprefix('*.')}.",
                "type": "CNAME",
                "value": "_v.acm-validations.aws.",
            },
        }
        for name in names
    ]
    return {
        "certificate_arn": arn,
        "domain_name": names[0],
        "subject_alternative_names": names,
        "status": "ISSUED",
        "created_at": "2026-01-01",
        "key_algorithm": "RSA-2048",
        "type": "AMAZON_ISSUED",
        "tags": dict(OURS),
        "domain_validation_options": options,
        "in_use_by": [],
        **changes,
    }


def want(**options: Any) -> WantedCertificate:
    return WantedCertificate(
        **{
            "domain_name": "example.com",
            "subject_alternative_names": ("*.example.com",),
            "zone_id": "Z1",
            "tags": OURS,
            **options,
        }
    )


@pytest.mark.parametrize(
    ("candidates", "expected", "others"),
    [
        ([], None, []),
        ([certificate("a")], "a", []),
        ([certificate("a", status="PENDING_VALIDATION", created_at="2026-05-01"), certificate("b")], "b", ["a"]),
        ([certificate("a"), certificate("b", created_at="2026-05-01")], "b", ["a"]),
        ([certificate("a", status="FAILED"), certificate("b", status="EXPIRED")], None, ["a", "b"]),
        ([certificate("a", names=["example.com"])], None, ["a"]),
        ([certificate("a", subject_alternative_names=["*.example.com", "example.com"])], "a", []),
        ([certificate("a", tags={**OURS, "flaskops:environment": "prod"})], None, []),
        ([certificate("a", tags={})], None, []),
        ([certificate("a", tags={**OURS, "extra": "x"})], "a", []),
    ],
)
def test_choice(candidates: list[dict[str, Any]], expected: str | None, others: list[str]) -> None:
    chosen, superseded = choose(want(), candidates)
    assert (chosen or {}).get("certificate_arn") == expected
    assert [entry["certificate_arn"] for entry in superseded] == others


def test_without_identity_tags_a_removal_must_be_clear() -> None:
    both = [certificate("a"), certificate("b")]
    assert choose(want(tags=None), both)[1] == []
    with pytest.raises(ResourceError, match="several match"):
        choose(want(tags=None, state="absent"), both)


def test_the_key_matters_only_when_mentioned() -> None:
    assert choose(want(key_algorithm="EC_prime256v1"), [certificate("a")])[0] is None
    assert choose(want(key_algorithm="RSA_2048"), [certificate("a")])[0] is not None


def test_a_name_and_its_wildcard_share_a_record() -> None:
    assert [record["name"] for record in validation_records(certificate("a"))] == ["_x.example.com."]


PRESENT = [{"name": "_x.example.com.", "type": "CNAME", "value": "v", "present": True}]
MISSING = [{**PRESENT[0], "present": False}]


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        (
            want(),
            None,
            ["request a certificate for example.com, *.example.com", "write the validation records into zone Z1"],
        ),
        (want(zone_id=None, subject_alternative_names=()), None, ["request a certificate for example.com"]),
        (want(), certificate("a", validation_records=PRESENT), []),
        (want(), certificate("a", validation_records=MISSING), ["write the validation records into zone Z1"]),
        (
            want(),
            certificate("a", status="PENDING_VALIDATION", validation_records=[]),
            ["write the validation records into zone Z1"],
        ),
        (want(zone_id=None), certificate("a", validation_records=MISSING), []),
        (want(tags={**OURS, "x": "1"}), certificate("a", validation_records=PRESENT), ["set tags x=1"]),
        (want(state="absent"), None, []),
        (
            want(state="absent"),
            certificate("a", validation_records=PRESENT, superseded=["b"]),
            ["delete the validation records from zone Z1", "delete certificate b", "delete certificate a"],
        ),
        (
            want(state="absent"),
            {"domain_name": "example.com", "superseded": ["b"], "validation_records": MISSING},
            ["delete certificate b"],
        ),
    ],
)
def test_plan(wanted: WantedCertificate, found: dict[str, Any] | None, expected: list[str]) -> None:
    actions = plan(wanted, found)
    assert [str(action) for action in actions] == expected
    after = copy.deepcopy(found)
    for action in actions:
        after = action.predict(after)
    if wanted.state == "absent":
        assert after is None


class FakeApi:
    """ACM and Route 53 as far as the resource knows them."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries = {entry["certificate_arn"]: entry for entry in entries}
        self.zone: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []

    def certificates(self, domain_name: str) -> list[dict[str, Any]]:
        return [dict(entry) for entry in self.entries.values() if entry["domain_name"] == domain_name]

    def certificate(self, arn: str) -> dict[str, Any] | None:
        return self.entries.get(arn)

    def records_of_others(self, arns: list[str]) -> set[str]:
        return {
            record["name"]
            for arn, entry in self.entries.items()
            if arn not in arns
            for record in validation_records(entry)
        }

    def request(self, parameters: dict[str, Any]) -> str:
        self.calls.append("request")
        names = [parameters["DomainName"], *parameters.get("SubjectAlternativeNames", [])]
        self.entries["new"] = certificate("new", names=names, status="PENDING_VALIDATION")
        return "new"

    def delete(self, arn: str) -> None:
        self.calls.append(f"delete {arn}")
        del self.entries[arn]

    def zone_name(self, zone_id: str) -> str | None:
        return "example.com" if zone_id == "Z1" else None

    def zone_value(self, zone_id: str, name: str) -> dict[str, Any] | None:
        return self.zone.get(name)

    def write_records(self, zone_id: str, records: list[dict[str, str]]) -> None:
        for record in records:
            self.calls.append(f"write {record['name']}")
            self.zone[record["name"]] = {"Name": record["name"], "ResourceRecords": [{"Value": record["value"]}]}

    def delete_records(self, zone_id: str, record_sets: list[dict[str, Any]]) -> None:
        for record_set in record_sets:
            self.calls.append(f"unwrite {record_set['Name']}")
            del self.zone[record_set["Name"]]


def carry_out(api: FakeApi, **options: Any) -> None:
    resource = Certificate(api, want(**options), timeout=1.0, wait=False)
    for action in resource.plan(resource.describe()):
        resource.apply(action)


def test_request_writes_what_the_zone_lacks_and_a_second_run_nothing() -> None:
    api = FakeApi()
    carry_out(api)
    assert api.calls == ["request", "write _x.example.com."]
    carry_out(api)
    assert api.calls == ["request", "write _x.example.com."]
    del api.zone["_x.example.com."]
    carry_out(api)
    assert api.calls[2:] == ["write _x.example.com."]


def test_a_record_with_another_value_is_corrected() -> None:
    api = FakeApi(certificate("a"))
    api.zone["_x.example.com."] = {"Name": "_x.example.com.", "ResourceRecords": [{"Value": "old."}]}
    carry_out(api)
    assert api.calls == ["write _x.example.com."]


def test_removal_takes_records_first_and_spares_those_of_others() -> None:
    api = FakeApi(certificate("a"), certificate("foreign", tags={"flaskops:environment": "prod"}))
    carry_out(api)
    api.calls.clear()
    carry_out(api, state="absent")
    assert api.calls == ["delete a"]
    assert "_x.example.com." in api.zone
    del api.entries["foreign"]
    api.entries["a"] = certificate("a")
    carry_out(api, state="absent")
    assert api.calls[1:] == ["unwrite _x.example.com.", "delete a"]


def test_in_use_names_the_users_and_keeps_the_records() -> None:
    api = FakeApi(certificate("a", in_use_by=["arn:alb"]))
    carry_out(api)
    with pytest.raises(ResourceError, match="in use by arn:alb"):
        carry_out(api, state="absent")
    assert "a" in api.entries
    assert "_x.example.com." in api.zone


def test_release_waits_for_a_user_that_is_going(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi(certificate("a", in_use_by=["arn:alb"]))
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        api.entries["a"]["in_use_by"] = [] if clock[0] > 10 else ["arn:alb"]

    monkeypatch.setattr(_acm_certificate.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(_acm_certificate.time, "sleep", sleep)
    resource = Certificate(api, want(state="absent"), timeout=1200.0, wait=True)
    for action in resource.plan(resource.describe()):
        resource.apply(action)
    assert api.entries == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subject_alternative_names": ("www.example.org", "badexample.com")}, "www.example.org, badexample.com"),
        ({"zone_id": "Z9"}, "no hosted zone Z9"),
    ],
)
def test_names_outside_of_the_zone_are_refused_before_anything_is_requested(
    options: dict[str, Any], words: str
) -> None:
    api = FakeApi()
    with pytest.raises(ResourceError, match=words):
        carry_out(api, **options)
    assert api.calls == []


def test_a_failed_certificate_ends_the_wait_with_its_reason() -> None:
    resource = Certificate(FakeApi(), want(), timeout=1.0)
    failed = certificate("a", status="FAILED", failure_reason="CAA_ERROR")
    assert resource.settled(failed)
    with pytest.raises(ResourceError, match="CAA_ERROR"):
        resource.check(failed)
    assert "example.com SUCCESS" in resource.progress(certificate("a"))
