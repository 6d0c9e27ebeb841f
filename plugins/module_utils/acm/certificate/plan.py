# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a certificate: the wanted options, the choice, the comparison, the actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.actions import (
    DeleteCertificate,
    DeleteRecords,
    RequestCertificate,
    WriteRecords,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import (
    IDENTITY_TAGS,
    identity_of,
    same_identity,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    ResourceError,
    Wanted,
    plan_tags,
)

ALGORITHMS = ["RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]
USABLE = ("ISSUED", "PENDING_VALIDATION")


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
        """Whether the tags contain the identity of an owner."""
        return bool(identity_of(self.tags))

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedCertificate:
        names = dict.fromkeys(name.lower() for name in params["subject_alternative_names"] or [])
        lower = {"domain_name": params["domain_name"].lower(), "subject_alternative_names": tuple(names)}
        return super().from_params({**params, **lower})


def choose(wanted: WantedCertificate, candidates: list[dict[str, Any]]) -> tuple[Found, list[dict[str, Any]]]:
    """Return the matching certificate and our other ones (of an earlier request, failed or expired).

    Ours: same domain and same identity tags. Matching: same names and key, issued before pending, newest first.
    Without identity tags the owner is unknown, so there are no other ones, and a removal with several candidates
    raises ResourceError.
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
    """ACM returns RSA-2048 for a request of RSA_2048."""
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
