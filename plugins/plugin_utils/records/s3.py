# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of S3 modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record

RECORDS: t.Final = (
    Record(
        "amazon.aws.s3_bucket",
        kind="S3 bucket",
        identity=("name",),
        info=Info("amazon.aws.s3_bucket_info", {"name": "name"}, "buckets", "name", tags=""),
        resource_type="s3:bucket",
        has_check_mode=False,
    ),
)
