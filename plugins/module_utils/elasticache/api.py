# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API of ElastiCache."""

from __future__ import annotations

from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi


class ElastiCacheApi(AwsApi):
    """ElastiCache. Its creates are unique by the group's id, so a retried create is refused and never doubled."""

    missing_codes = frozenset({"ReplicationGroupNotFoundFault", "CacheClusterNotFound"})
    conflict_codes = frozenset(
        {"ReplicationGroupAlreadyExists", "InvalidReplicationGroupState", "InvalidCacheClusterState"}
    )

    @classmethod
    def connect(cls, module: Any, service: str = "elasticache") -> AwsApi:
        return super().connect(module, service)
