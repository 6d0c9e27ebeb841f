# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls to Certificate Manager and Route 53 that a DNS-validated certificate needs."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found

# ListCertificates leaves everything but RSA_1024 and RSA_2048 out unless asked.
# https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
KEY_TYPES = ["RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1"]
RECORD_TTL = 300  # seconds


class _Acm(AwsApi):
    conflict_codes = frozenset({"ResourceInUseException", "ConflictException"})


class _Route53(AwsApi):
    missing_codes = frozenset({"NoSuchHostedZone"})
    conflict_codes = frozenset({"PriorRequestNotComplete"})


class CertificateApi:
    """What the certificate resource asks and says; the tests have a fake of this."""

    def __init__(self, acm: AwsApi, route53: AwsApi) -> None:
        self._acm = acm
        self._route53 = route53

    @classmethod
    def connect(cls, module: Any) -> CertificateApi:
        """From an AnsibleAWSModule."""
        return cls(_Acm.connect(module, "acm"), _Route53.connect(module, "route53"))

    def certificates(self, domain_name: str) -> list[dict[str, Any]]:
        """Every certificate that ACM made for this name, in any state, described with its tags."""
        found = [
            self.certificate(entry["CertificateArn"])
            for entry in self._listed()
            if entry.get("DomainName") == domain_name and entry.get("Type") == "AMAZON_ISSUED"
        ]
        return [entry for entry in found if entry is not None]

    def _listed(self) -> list[dict[str, Any]]:
        return self._acm.listing(
            "list_certificates", "CertificateSummaryList", "NextToken", Includes={"keyTypes": KEY_TYPES}
        )

    def certificate(self, arn: str) -> Found:
        """One certificate with its tags; None when it is gone."""
        found = self._acm.describe("describe_certificate", "Certificate", CertificateArn=arn)
        tags = self._acm.ask("list_tags_for_certificate", CertificateArn=arn) if found is not None else None
        if found is None or tags is None:
            return None
        found["tags"] = boto3_tag_list_to_ansible_dict(tags.get("Tags") or [])
        return found

    def records_of_others(self, arns: list[str]) -> set[str]:
        """The names of validation records that other certificates of this region need too.

        ACM gives every certificate of one account for one name the same record, in whatever region.
        """
        names: set[str] = set()
        for entry in self._listed():
            arn = entry["CertificateArn"]
            if arn not in arns:
                other = self._acm.describe("describe_certificate", "Certificate", CertificateArn=arn)
                names |= {record["name"] for record in validation_records(other or {})}
        return names

    def request(self, parameters: dict[str, Any]) -> str:
        """Request a certificate; its ARN. The token is new for each call and the same for every retry of it."""
        answer = self._acm.change("request_certificate", IdempotencyToken=uuid.uuid4().hex, **parameters)
        return str(answer["CertificateArn"])

    def delete(self, arn: str) -> None:
        self._acm.change("delete_certificate", CertificateArn=arn)

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        self._acm.change("add_tags_to_certificate", CertificateArn=arn, Tags=ansible_dict_to_boto3_tag_list(tags))

    def remove_tags(self, arn: str, keys: tuple[str, ...]) -> None:
        self._acm.change("remove_tags_from_certificate", CertificateArn=arn, Tags=[{"Key": key} for key in keys])

    def zone_name(self, zone_id: str) -> str | None:
        """The zone's name without the last dot; None when there is no such zone."""
        answer = self._route53.ask("get_hosted_zone", Id=zone_id)
        return str(answer["HostedZone"]["Name"]).rstrip(".") if answer is not None else None

    def zone_value(self, zone_id: str, name: str) -> dict[str, Any] | None:
        """The CNAME record set of this name as Route 53 has it, or None."""
        answer = self._route53.ask(
            "list_resource_record_sets",
            HostedZoneId=zone_id,
            StartRecordName=name,
            StartRecordType="CNAME",
            MaxItems="1",
        )
        record_sets: list[dict[str, Any]] = (answer or {}).get("ResourceRecordSets") or []
        for record_set in record_sets:
            if record_set["Type"] == "CNAME" and record_set["Name"].rstrip(".").lower() == name.rstrip(".").lower():
                return record_set
        return None

    def write_records(self, zone_id: str, records: list[dict[str, str]]) -> None:
        """Upsert the validation records, all in one change."""
        self._change(
            zone_id,
            [
                {
                    "Action": "UPSERT",
                    "ResourceRecordSet": {
                        "Name": record["name"],
                        "Type": record["type"],
                        "TTL": RECORD_TTL,
                        "ResourceRecords": [{"Value": record["value"]}],
                    },
                }
                for record in records
            ],
        )

    def delete_records(self, zone_id: str, record_sets: list[dict[str, Any]]) -> None:
        """Delete record sets exactly as Route 53 has them."""
        self._change(zone_id, [{"Action": "DELETE", "ResourceRecordSet": record_set} for record_set in record_sets])

    def _change(self, zone_id: str, changes: list[dict[str, Any]]) -> None:
        if changes:
            self._route53.change(
                "change_resource_record_sets",
                HostedZoneId=zone_id,
                ChangeBatch={"Comment": "ACM validation", "Changes": changes},
            )


def validation_records(certificate: dict[str, Any]) -> list[dict[str, str]]:
    """The distinct DNS records that ACM wants to see: name, type, value. example.com and *.example.com share one."""
    records: dict[str, dict[str, str]] = {}
    for option in certificate.get("domain_validation_options") or []:
        record = option.get("resource_record")
        if record:
            records[record["name"]] = {key: record[key] for key in ("name", "type", "value")}
    return [records[name] for name in sorted(records)]
