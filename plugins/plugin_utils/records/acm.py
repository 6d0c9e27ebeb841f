# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of Certificate Manager modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_READ: t.Final = ("DescribeCertificate", "ListCertificates", "ListTagsForCertificate")
_WANTED: t.Final = ("domain_name", "subject_alternative_names", "key_algorithm", "tags")

RECORDS: t.Final = (
    Record(
        "flaskops.eks.acm_certificate",
        kind="certificate",
        actions=actions(
            "acm",
            *_READ,
            "AddTagsToCertificate",
            "DeleteCertificate",
            "RemoveTagsFromCertificate",
            "RequestCertificate",
        )
        + actions("route53", "ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets"),
        identity=("domain_name",),
        info=Info(
            "flaskops.eks.acm_certificate_info", {option: option for option in _WANTED}, "certificates", "domain_name"
        ),
        resource_type="acm:certificate",
    ),
    Record("flaskops.eks.acm_certificate_info", actions=actions("acm", *_READ)),
)
