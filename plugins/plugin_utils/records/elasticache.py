# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of ElastiCache modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_READ_GROUPS: t.Final = ("DescribeCacheClusters", "DescribeReplicationGroups", "ListTagsForResource")

RECORDS: t.Final = (
    Record(
        "community.aws.elasticache_subnet_group",
        kind="cache subnet group",
        actions=actions(
            "elasticache",
            "CreateCacheSubnetGroup",
            "DeleteCacheSubnetGroup",
            "DescribeCacheSubnetGroups",
            "ModifyCacheSubnetGroup",
        ),
        identity=("name",),
        info=Info("flaskops.eks.elasticache_subnet_group_info", {"names": ["name"]}, "subnet_groups", "name"),
        # The module sets no tags, so its objects are listed by no tag either.
        resource_type="elasticache:subnetgroup",
    ),
    Record(
        "flaskops.eks.elasticache_subnet_group_info",
        actions=actions("elasticache", "DescribeCacheSubnetGroups", "ListTagsForResource"),
    ),
    Record(
        "flaskops.eks.elasticache_replication_group",
        kind="replication group",
        actions=actions(
            "elasticache",
            *_READ_GROUPS,
            "AddTagsToResource",
            "CreateReplicationGroup",
            "DecreaseReplicaCount",
            "DeleteReplicationGroup",
            "IncreaseReplicaCount",
            "ModifyReplicationGroup",
            "RemoveTagsFromResource",
        ),
        identity=("replication_group_id",),
        info=Info(
            "flaskops.eks.elasticache_replication_group_info",
            {"replication_group_ids": ["replication_group_id"]},
            "replication_groups",
            "replication_group_id",
        ),
        resource_type="elasticache:replicationgroup",
    ),
    Record("flaskops.eks.elasticache_replication_group_info", actions=actions("elasticache", *_READ_GROUPS)),
)
