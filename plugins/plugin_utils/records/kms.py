# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of KMS modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_READ: t.Final = (
    "DescribeKey",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
)

RECORDS: t.Final = (
    Record(
        "amazon.aws.kms_key",
        kind="KMS key",
        actions=actions(
            "kms",
            *_READ,
            "CancelKeyDeletion",
            "CreateAlias",
            "CreateKey",
            "EnableKey",
            "EnableKeyRotation",
            "ListKeys",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ),
        identity=("alias",),
        info=Info("amazon.aws.kms_key_info", {"alias": "alias"}, "kms_keys", "key_id"),
        resource_type="kms:key",
    ),
    Record("amazon.aws.kms_key_info", actions=actions("kms", *_READ)),
)
