# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A public certificate validated by DNS: its calls.

https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.acm.api import CertificateApi, validation_records
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.actions import (
    DeleteCertificate,
    DeleteRecords,
    RequestCertificate,
    WriteRecords,
)
from ansible_collections.flaskops.eks.plugins.module_utils.acm.certificate.plan import (
    WantedCertificate,
    certificate_view,
    choose,
    lacks_records,
    plan,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    RemoveTags,
    ResourceError,
    SetTags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict, Resource, poll

RECORDS_PATIENCE = 120.0  # seconds; ACM names the records some seconds after the request
RELEASE_PAUSE = 2.0
RELEASE_PATIENCE = 120.0  # seconds; a load balancer that was just deleted still counts as a user for a while


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
        """Wait until the certificates are no longer in use, or fail with the names of their users."""
        users = self.users()
        if self.release_until is None:
            self.release_until = time.monotonic() + (min(self.timeout, RELEASE_PATIENCE) if self.wait else 0.0)
        while users and time.monotonic() < self.release_until:
            time.sleep(RELEASE_PAUSE)
            users = self.users()
        if users:
            raise ResourceError(f"{self.title} is in use by {', '.join(users)}: delete these first.", in_use_by=users)

    def delete_records(self, zone_id: str) -> None:
        """Only when the certificate is no longer in use: without its records it would not be renewed."""
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
