# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of CloudWatch Logs modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

RECORDS: t.Final = (
    Record(
        "amazon.aws.cloudwatchlogs_log_group",
        kind="log group",
        actions=actions(
            "logs",
            "CreateLogGroup",
            "DeleteLogGroup",
            "DescribeLogGroups",
            "ListTagsLogGroup",
            "PutRetentionPolicy",
            "TagLogGroup",
            "UntagLogGroup",
        ),
        identity=("log_group_name",),
        info=Info(
            "amazon.aws.cloudwatchlogs_log_group_info",
            {"log_group_name": "log_group_name"},
            "log_groups",
            "log_group_name",
        ),
        resource_type="logs:log-group",
    ),
)
