# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A public certificate validated by DNS: wanted, actions, plan, resource.

https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.flaskops.eks.plugins.module_utils._acm import CertificateApi, validation_records
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import (
    IDENTITY_TAGS,
    identity_of,
    same_identity,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    RemoveTags,
    ResourceError,
    SetTags,
    Wanted,
    changed_copy,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict, Resource, poll
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

ALGORITHMS = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]
USABLE = ("ISSUED", "PENDING_VALIDATION")
RECORDS_PATIENCE = 120.0  # seconds; ACM names the records some seconds after the request
RELEASE_PAUSE = 2.0
RELEASE_PATIENCE = 120.0  # seconds; a load balancer that was just deleted still counts as a user for a while


@dataclass(frozen=True)
class WantedCertificate(Wanted):
    domain_name: str
    subject_alternative_names: tuple[str, ...] = ()
    zone_id: str | None = None
    key_algorithm: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the certificate covers, the first one leading."""
        return (self.domain_name, *(name for name in self.subject_alternative_names if name != self.domain_name))

    @property
    def owned(self) -> bool:
        """Whether the tags say whose certificate is meant."""
        return bool(identity_of(self.tags))

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedCertificate:
        names = dict.fromkeys(name.lower() for name in params["subject_alternative_names"] or [])
        lower = {"domain_name": params["domain_name"].lower(), "subject_alternative_names": tuple(names)}
        return super().from_params({**params, **lower})


def choose(wanted: WantedCertificate, candidates: list[dict[str, Any]]) -> tuple[Found, list[dict[str, Any]]]:
    """The certificate that is meant, and the others that are ours too (of an earlier request, failed or expired).

    Ours: same domain and the identity tags that are wanted. Meant: same names and key, issued before pending, newest.
    Without identity tags nobody can say that another one is ours, so there are no others, and a removal that could
    mean several raises ResourceError.
    """
    ours = [entry for entry in candidates if same_identity(wanted.tags, entry.get("tags"))]
    matching = [
        entry
        for entry in ours
        if entry.get("status") in USABLE
        and set(entry.get("subject_alternative_names") or [entry["domain_name"]]) == set(wanted.names)
        and (wanted.key_algorithm is None or _algorithm(entry.get("key_algorithm")) == wanted.key_algorithm)
    ]
    matching.sort(key=lambda entry: (entry.get("status") == "ISSUED", str(entry.get("created_at") or "")), reverse=True)
    if wanted.state == "absent" and not wanted.owned and len(matching) > 1:
        arns = [entry["certificate_arn"] for entry in matching]
        raise ResourceError(
            f"certificate for {wanted.domain_name}: several match ({', '.join(arns)}); "
            f"say which one by its tags {', '.join(IDENTITY_TAGS)}"
        )
    chosen = matching[0] if matching else None
    others = [entry for entry in ours if entry is not chosen] if wanted.owned else []
    return chosen, others


def _algorithm(text: str | None) -> str | None:
    """ACM answers RSA-2048 where it is asked for RSA_2048."""
    return text.replace("-", "_") if text else None


def certificate_view(found: dict[str, Any]) -> dict[str, Any]:
    """The managed part of a description, under the module's names."""
    domain = found.get("domain_name")
    return {
        "domain_name": domain,
        "subject_alternative_names": sorted(
            name for name in found.get("subject_alternative_names") or [] if name != domain
        ),
        "key_algorithm": _algorithm(found.get("key_algorithm")),
        "validation_records": {
            record["name"]: bool(record.get("present")) for record in found.get("validation_records") or []
        },
        "tags": found.get("tags") or {},
    }


@dataclass(frozen=True)
class RequestCertificate(Action):
    """`parameters` in AWS's names."""

    parameters: dict[str, Any]
    tags: dict[str, str]
    creates: ClassVar[bool] = True
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        names = [self.parameters["DomainName"], *self.parameters.get("SubjectAlternativeNames", [])]
        return f"request a certificate for {', '.join(names)}"

    def predict(self, found: Found) -> Found:
        domain = self.parameters["DomainName"]
        return {
            "certificate_arn": UNKNOWN,
            "domain_name": domain,
            "status": "ISSUED",
            "tags": dict(self.tags),
            "subject_alternative_names": [domain, *self.parameters.get("SubjectAlternativeNames", [])],
            "key_algorithm": self.parameters.get("KeyAlgorithm", "RSA_2048"),
            "type": "AMAZON_ISSUED",
            "domain_validation_options": [],
            "validation_records": [],
            "superseded": [],
            "in_use_by": [],
        }


@dataclass(frozen=True)
class WriteRecords(Action):
    """Write the validation records that are missing in the zone. Which they are ACM says after the request."""

    zone_id: str
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"write the validation records into zone {self.zone_id}"

    def predict(self, found: Found) -> Found:
        records = (found or {}).get("validation_records") or []
        return changed_copy(found, validation_records=[{**record, "present": True} for record in records])


@dataclass(frozen=True)
class DeleteRecords(Action):
    """Take away the validation records, except those that another certificate of the region needs too."""

    zone_id: str
    slow: ClassVar[bool] = False
    deletes: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"delete the validation records from zone {self.zone_id}"

    def predict(self, found: Found) -> Found:
        return changed_copy(found, validation_records=[])


@dataclass(frozen=True)
class DeleteCertificate(Action):
    arn: str
    deletes: ClassVar[bool] = True
    slow: ClassVar[bool] = False

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.arn)

    def __str__(self) -> str:
        return f"delete certificate {self.arn}"

    def predict(self, found: Found) -> Found:
        after = changed_copy(found)
        after["superseded"] = [arn for arn in after.get("superseded") or [] if arn != self.arn]
        if after.get("certificate_arn") == self.arn:
            del after["certificate_arn"]
        return after if after["superseded"] or after.get("certificate_arn") else None


def request(wanted: WantedCertificate) -> RequestCertificate:
    parameters: dict[str, Any] = {"DomainName": wanted.domain_name, "ValidationMethod": "DNS"}
    if len(wanted.names) > 1:
        parameters["SubjectAlternativeNames"] = list(wanted.names[1:])
    if wanted.key_algorithm:
        parameters["KeyAlgorithm"] = wanted.key_algorithm
    if wanted.tags:
        parameters["Tags"] = ansible_dict_to_boto3_tag_list(wanted.tags)
    return RequestCertificate(parameters, wanted.tags or {})


def lacks_records(found: dict[str, Any]) -> bool:
    """Whether the zone misses a validation record, or ACM has not named any yet.

    An issued certificate needs its records too: ACM renews by them, and says nothing of a lost one until then.
    """
    records = found.get("validation_records") or []
    return not records or any(not record.get("present") for record in records)


def plan(wanted: WantedCertificate, found: Found) -> list[Action]:
    """The actions from found to wanted. `found` without certificate_arn holds only superseded ones."""
    current = found if found is not None and found.get("certificate_arn") else None
    if wanted.state == "absent":
        doomed = ([current["certificate_arn"]] if current else []) + list((found or {}).get("superseded") or [])
        actions: list[Action] = []
        if wanted.zone_id and any(record.get("present") for record in (found or {}).get("validation_records") or []):
            actions.append(DeleteRecords(wanted.zone_id))
        # the chosen one last: it is what the next run finds everything else by
        return actions + [DeleteCertificate(arn) for arn in reversed(doomed)]
    records: list[Action] = [WriteRecords(wanted.zone_id)] if wanted.zone_id else []
    if current is None:
        return [request(wanted), *records]
    return plan_tags(wanted, current) + (records if lacks_records(current) else [])


class Certificate(Resource):
    kind = "certificate for"
    result_key = "certificate"
    failed_states = frozenset({"FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED", "INACTIVE"})

    def __init__(self, api: CertificateApi, wanted: WantedCertificate, timeout: float, wait: bool = True) -> None:
        super().__init__(wanted.domain_name, timeout)  # without tags: choose() takes only what carries them
        self.api = api
        self.wanted = wanted
        self.wait = wait
        self.arn: str | None = None
        self.superseded: list[str] = []
        self.zone_checked = False
        self.release_until: float | None = None

    def describe(self) -> Found:
        """The certificate that is meant; with `superseded` (ARNs of others of ours) and `validation_records`."""
        others: list[dict[str, Any]] = []
        if self.arn is not None and self.wanted.state == "present":
            # once chosen or requested, followed by its ARN whatever becomes of it
            chosen = self.api.certificate(self.arn)
        else:
            chosen, others = choose(self.wanted, self.api.certificates(self.wanted.domain_name))
            self.superseded = [entry["certificate_arn"] for entry in others]
        if chosen is None and not (others and self.wanted.state == "absent"):
            self.check_zone()
            return None
        self.arn = chosen["certificate_arn"] if chosen else None
        found = dict(chosen or {"domain_name": self.wanted.domain_name})
        found["superseded"] = self.superseded
        found["users"] = sorted({user for entry in [found, *others] for user in entry.get("in_use_by") or []})
        concerned = [found, *others] if self.wanted.state == "absent" else [found]
        records = {record["name"]: record for entry in concerned for record in validation_records(entry)}
        found["validation_records"] = [self.compare(records[name]) for name in sorted(records)]
        if lacks_records(found):
            self.check_zone()
        return found

    def check_zone(self) -> None:
        """Refuse names that the zone cannot hold, once, before anything is requested or written."""
        if self.wanted.zone_id is None or self.wanted.state == "absent" or self.zone_checked:
            return
        zone = self.api.zone_name(self.wanted.zone_id)
        self.zone_checked = True
        if zone is None:
            raise ResourceError(f"{self.title}: there is no hosted zone {self.wanted.zone_id}")
        outside = [name for name in self.wanted.names if not f".{name}".endswith(f".{zone}")]
        if outside:
            raise ResourceError(
                f"{self.title}: zone {self.wanted.zone_id} ({zone}) cannot hold the validation records "
                f"of {', '.join(outside)}. Request them apart, with a zone of their own."
            )

    def compare(self, record: dict[str, str]) -> dict[str, Any]:
        """The record with `present`: whether the zone has it with this value."""
        if self.wanted.zone_id is None:
            return {**record, "present": False}
        record_set = self.api.zone_value(self.wanted.zone_id, record["name"])
        values = [entry["Value"].rstrip(".") for entry in (record_set or {}).get("ResourceRecords", [])]
        return {**record, "present": values == [record["value"].rstrip(".")]}

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return certificate_view(found)

    def settled(self, found: Found) -> bool:
        return self.wanted.state == "absent" or (found is not None and found.get("status") != "PENDING_VALIDATION")

    def check(self, found: Found) -> None:
        if self.wanted.state == "present" and found is not None and found.get("status") in self.failed_states:
            raise ResourceError(
                f"{self.title} is {found['status']}: {found.get('failure_reason') or 'ACM names no cause'}. "
                "Remove the cause and run again: a new one will be requested.",
                certificate=found,
            )

    def progress(self, found: Found) -> str:
        """Where the validation stands, name by name."""
        options = (found or {}).get("domain_validation_options") or []
        names = [f"{option.get('domain_name')} {option.get('validation_status')}" for option in options]
        return "; ".join([str((found or {}).get("status")), *names])

    def apply(self, action: Action) -> None:
        if isinstance(action, RequestCertificate):
            self.arn = self.api.request(action.parameters)
        elif isinstance(action, WriteRecords):
            self.write_records(action.zone_id)
        elif isinstance(action, DeleteRecords):
            self.delete_records(action.zone_id)
        elif isinstance(action, DeleteCertificate):
            self.release()
            self.api.delete(action.arn)
        elif isinstance(action, SetTags) and self.arn:
            self.api.set_tags(self.arn, action.tags)
        elif isinstance(action, RemoveTags) and self.arn:
            self.api.remove_tags(self.arn, action.keys)
        else:
            raise TypeError(f"unknown action {action!r}")

    def write_records(self, zone_id: str) -> None:
        """Wait until ACM has named a record for every name, then write those that the zone lacks."""

        def named(found: Found) -> bool:
            options = (found or {}).get("domain_validation_options") or []
            return len(options) >= len(self.wanted.names) and all(option.get("resource_record") for option in options)

        found = poll(self.describe, named, timeout=RECORDS_PATIENCE, what=f"{self.title}: its validation records")
        missing = [record for record in (found or {})["validation_records"] if not record["present"]]
        self.api.write_records(zone_id, missing)

    def users(self) -> list[str]:
        return list((self.describe() or {}).get("users") or [])

    def release(self) -> None:
        """Wait until nobody uses the certificates any more, or refuse with the users' names."""
        users = self.users()
        if self.release_until is None:
            self.release_until = time.monotonic() + (min(self.timeout, RELEASE_PATIENCE) if self.wait else 0.0)
        while users and time.monotonic() < self.release_until:
            time.sleep(RELEASE_PAUSE)
            users = self.users()
        if users:
            raise ResourceError(f"{self.title} is in use by {', '.join(users)}: delete these first.", in_use_by=users)

    def delete_records(self, zone_id: str) -> None:
        """Only after nobody uses the certificate any more: without its records it would not be renewed."""
        self.release()
        found = self.describe() or {}
        arns = [arn for arn in [found.get("certificate_arn"), *(found.get("superseded") or [])] if arn]
        shared = self.api.records_of_others(arns)
        doomed = [
            self.api.zone_value(zone_id, record["name"])
            for record in found.get("validation_records") or []
            if record["present"] and record["name"] not in shared
        ]
        self.api.delete_records(zone_id, [record_set for record_set in doomed if record_set is not None])

    def explain_conflict(self, action: Action, error: Conflict) -> None:
        """ACM may refuse for a while though it names no user any more; a busy zone is no matter of users."""
        if not isinstance(action, DeleteCertificate):
            return
        self.release()
        if self.release_until is not None and time.monotonic() >= self.release_until:
            raise ResourceError(f"{self.title}: {action}: {error}") from error
