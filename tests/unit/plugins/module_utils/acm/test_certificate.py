"""Certificates: selection, plan, and apply with a fake ACM and Route 53."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.acm.api import CertificateApi, validation_records
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate import resource as certificate_resource
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.plan import WantedCertificate, choose, plan
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.resource import Certificate
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict, perform, refuse_foreign

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


def test_removal_without_identity_tags_must_be_unambiguous() -> None:
    both = [certificate("a"), certificate("b")]
    assert choose(want(tags=None), both)[1] == []
    with pytest.raises(ResourceError, match="several match"):
        choose(want(tags=None, state="absent"), both)


def test_key_algorithm_is_compared_only_if_given() -> None:
    assert choose(want(key_algorithm="EC_prime256v1"), [certificate("a")])[0] is None
    assert choose(want(key_algorithm="RSA_2048"), [certificate("a")])[0] is not None


def test_name_and_wildcard_share_a_record() -> None:
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


def test_request_writes_missing_records_and_is_idempotent() -> None:
    api = FakeApi()
    carry_out(api)
    assert api.calls == ["request", "write _x.example.com."]
    carry_out(api)
    assert api.calls == ["request", "write _x.example.com."]
    del api.zone["_x.example.com."]
    carry_out(api)
    assert api.calls[2:] == ["write _x.example.com."]


class Service:
    """One service of AWS that answers each operation the same, and notes what it was asked."""

    def __init__(self, answers: dict[str, Any], asked: list[str]) -> None:
        self.answers, self.asked = answers, asked

    def ask(self, operation: str, **params: Any) -> Any:
        self.asked.append(operation)
        return self.answers[operation]

    def describe(self, operation: str, result: str, **params: Any) -> Any:
        return self.ask(operation)

    def listing(self, operation: str, result: str, page_key: str = "", **params: Any) -> Any:
        return self.ask(operation)


LISTED = {"CertificateArn": "a", "DomainName": "example.com", "Type": "AMAZON_ISSUED"}
RECORD_SET = {"Name": "_x.example.com.", "Type": "CNAME", "ResourceRecords": [{"Value": "_v.acm-validations.aws."}]}


@pytest.mark.parametrize(
    ("record_sets", "actions", "more"),
    [
        # nothing to write: the zone itself is not asked for, but each record is
        ([RECORD_SET], [], []),
        ([], ["write the validation records into zone Z1"], ["get_hosted_zone"]),
    ],
    ids=["all there", "a record is lost"],
)
def test_issued_certificate_needs_four_calls_and_a_lost_record_one_more(
    record_sets: list[dict[str, Any]], actions: list[str], more: list[str]
) -> None:
    asked: list[str] = []
    others = [{**LISTED, "DomainName": "other.example.com"}, {**LISTED, "CertificateArn": "b", "Type": "IMPORTED"}]
    acm = {
        "list_certificates": [LISTED, *others],
        "describe_certificate": certificate("a"),
        "list_tags_for_certificate": {"Tags": [{"Key": key, "Value": value} for key, value in OURS.items()]},
    }
    route53 = {
        "list_resource_record_sets": {"ResourceRecordSets": record_sets},
        "get_hosted_zone": {"HostedZone": {"Name": "example.com."}},
    }
    resource = Certificate(CertificateApi(Service(acm, asked), Service(route53, asked)), want(), timeout=1.0)
    assert [str(action) for action in resource.plan(resource.describe())] == actions
    assert asked == [
        "list_certificates",
        "describe_certificate",
        "list_tags_for_certificate",
        "list_resource_record_sets",
        *more,
    ]


def test_a_record_with_another_value_is_corrected() -> None:
    api = FakeApi(certificate("a"))
    api.zone["_x.example.com."] = {"Name": "_x.example.com.", "ResourceRecords": [{"Value": "old."}]}
    carry_out(api)
    assert api.calls == ["write _x.example.com."]


def test_removal_deletes_records_first_and_keeps_shared_ones() -> None:
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


def test_removal_without_a_zone_leaves_the_records() -> None:
    api = FakeApi(certificate("a"))
    carry_out(api)
    api.calls.clear()
    carry_out(api, state="absent", zone_id=None)
    assert (api.calls, list(api.zone)) == (["delete a"], ["_x.example.com."])


def test_certificates_of_earlier_requests_are_removed() -> None:
    """It is found by its tags, so the engine has no reason to refuse it."""
    resource = Certificate(FakeApi(certificate("a", status="FAILED")), want(state="absent"), timeout=1.0)
    found = resource.describe()
    refuse_foreign(resource, found, absent=True)
    assert [str(action) for action in resource.plan(found)] == ["delete certificate a"]


@pytest.mark.parametrize(
    ("state", "users", "refused", "busy", "message"),
    [
        ("present", ["arn:alb"], "write_records", 2, None),
        ("absent", [], "delete_records", 2, None),
        ("present", ["arn:alb"], "write_records", 99, "kept refusing: busy"),
        ("absent", [], "delete", 99, "delete certificate a: busy"),
    ],
)
def test_busy_zone_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, state: str, users: list[str], refused: str, busy: int, message: str | None
) -> None:
    """Only a certificate that shall be deleted has to be released by its users first."""
    clock = [0.0]
    monkeypatch.setattr(certificate_resource.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(certificate_resource.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    api = FakeApi(certificate("a", in_use_by=users))
    if state == "absent":
        api.write_records("Z1", validation_records(certificate("a")))
    call, refusals = getattr(api, refused), iter(range(busy))

    def refuse(*arguments: Any) -> None:
        if next(refusals, None) is not None:
            raise Conflict("busy")
        call(*arguments)

    monkeypatch.setattr(api, refused, refuse)
    resource = Certificate(api, want(state=state), timeout=30.0)
    done: list[str] = []
    found = resource.describe()
    actions: list[Action] = resource.plan(found)
    if message:
        with pytest.raises(ResourceError, match=message):
            perform(resource, actions, found, done)
    else:
        perform(resource, actions, found, done)
        assert done == [str(action) for action in actions]


def test_certificate_in_use_names_the_users_and_keeps_the_records() -> None:
    api = FakeApi(certificate("a", in_use_by=["arn:alb"]))
    carry_out(api)
    with pytest.raises(ResourceError, match="in use by arn:alb"):
        carry_out(api, state="absent")
    assert "a" in api.entries
    assert "_x.example.com." in api.zone


def test_release_waits_for_a_user_that_is_being_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi(certificate("a", in_use_by=["arn:alb"]))
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        api.entries["a"]["in_use_by"] = [] if clock[0] > 10 else ["arn:alb"]

    monkeypatch.setattr(certificate_resource.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(certificate_resource.time, "sleep", sleep)
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
@pytest.mark.parametrize("entries", [[], [certificate("a")]], ids=["nothing yet", "issued, without its record"])
def test_names_outside_of_the_zone_fail_before_any_change(
    options: dict[str, Any], words: str, entries: list[dict[str, Any]]
) -> None:
    api = FakeApi(*entries)
    with pytest.raises(ResourceError, match=words):
        carry_out(api, **options)
    assert api.calls == []


def test_failed_certificate_ends_the_wait_with_its_reason() -> None:
    resource = Certificate(FakeApi(), want(), timeout=1.0)
    failed = certificate("a", status="FAILED", failure_reason="CAA_ERROR")
    assert resource.settled(failed)
    with pytest.raises(ResourceError, match="CAA_ERROR"):
        resource.check(failed)
    assert "example.com SUCCESS" in resource.progress(certificate("a"))
