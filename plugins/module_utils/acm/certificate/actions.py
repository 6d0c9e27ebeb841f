# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes of a certificate and its validation records, each with its text and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


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
