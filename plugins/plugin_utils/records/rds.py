# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of RDS modules."""

from __future__ import annotations

import re
import typing as t

from .record import Info, Record, actions

_TAGS: t.Final = ("AddTagsToResource", "ListTagsForResource", "RemoveTagsFromResource")

RECORDS: t.Final = (
    Record(
        "amazon.aws.rds_instance",
        kind="RDS database",
        actions=actions(
            "rds",
            "CreateDBInstance",
            "CreateDBSnapshot",
            "DeleteDBInstance",
            "DescribeDBInstances",
            "ModifyDBInstance",
            *_TAGS,
        ),
        identity=("db_instance_identifier",),
        info=Info(
            "amazon.aws.rds_instance_info",
            {"db_instance_identifier": "db_instance_identifier"},
            "instances",
            "db_instance_identifier",
        ),
        resource_type="rds:db",
    ),
    Record("amazon.aws.rds_instance_info", actions=actions("rds", "DescribeDBInstances", "ListTagsForResource")),
    Record(
        "amazon.aws.rds_subnet_group",
        kind="RDS subnet group",
        actions=actions(
            "rds",
            "CreateDBSubnetGroup",
            "DeleteDBSubnetGroup",
            "DescribeDBSubnetGroups",
            "ModifyDBSubnetGroup",
            *_TAGS,
        ),
        identity=("name",),
        info=Info("flaskops.eks.rds_subnet_group_info", {"names": ["name"]}, "subnet_groups", "name"),
        resource_type="rds:subgrp",
    ),
    Record(
        "flaskops.eks.rds_subnet_group_info", actions=actions("rds", "DescribeDBSubnetGroups", "ListTagsForResource")
    ),
    Record(
        "amazon.aws.rds_instance_param_group",
        kind="RDS parameter group",
        info=Info(
            "amazon.aws.rds_instance_param_group_info",
            {"db_parameter_group_name": "name"},
            "db_instance_parameter_groups",
            "db_parameter_group_name",
        ),
        resource_type="rds:pg",
        # It goes on with the group that check mode has not created.
        absence=re.compile(r"DBParameterGroupNotFound"),
    ),
)
