# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of SNS modules."""

from __future__ import annotations

import re
import typing as t

from .record import Info, Record

RECORDS: t.Final = (
    Record(
        "community.aws.sns_topic",
        kind="SNS topic",
        info=Info("community.aws.sns_topic_info", {}, "result", "sns_arn", tags=""),
        resource_type="sns:topic",
        # It goes on with the topic that check mode has not created.
        absence=re.compile(r"for topic None"),
    ),
)
