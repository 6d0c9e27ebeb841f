# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of Route 53 modules."""

from __future__ import annotations

import re
import typing as t

from .record import Constant, Info, Parent, Record, actions

_OF_ZONE: t.Final = Info(
    "amazon.aws.route53_info",
    {"query": Constant("record_sets"), "hosted_zone_id": "hosted_zone_id"},
    "resource_record_sets",
    "name",
    tags="",
)

RECORDS: t.Final = (
    Record(
        "amazon.aws.route53",
        kind="DNS record",
        actions=actions(
            "route53",
            "ChangeResourceRecordSets",
            "GetChange",
            "GetHostedZone",
            "ListHostedZones",
            "ListResourceRecordSets",
        ),
        parents=(Parent(re.compile(r"Zone .* does not exist"), "route53_zone", "zone"),),
        info=_OF_ZONE,
        # Records have no tags: they are listed by their zone.
        listing=_OF_ZONE,
    ),
    Record(
        "amazon.aws.route53_zone",
        kind="hosted zone",
        actions=actions(
            "route53",
            "ChangeTagsForResource",
            "CreateHostedZone",
            "DeleteHostedZone",
            "GetDNSSEC",
            "GetHostedZone",
            "ListHostedZones",
            "ListTagsForResource",
            "UpdateHostedZoneComment",
        ),
        # Its tags take a second call (hosted_zone_method: tags), because several zones may have one name.
        info=Info(
            "amazon.aws.route53_info",
            {"query": Constant("hosted_zone"), "hosted_zone_method": Constant("list")},
            "hosted_zones",
            "name",
            tags="",
        ),
        resource_type="route53:hostedzone",
    ),
    Record(
        "amazon.aws.route53_info",
        actions=actions(
            "route53", "GetHostedZone", "ListHostedZones", "ListResourceRecordSets", "ListTagsForResources"
        ),
    ),
)
