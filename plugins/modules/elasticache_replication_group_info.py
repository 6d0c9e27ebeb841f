#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe replication groups of ElastiCache."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: elasticache_replication_group_info
version_added: 1.0.0
short_description: Describe replication groups of Amazon ElastiCache
description:
  - Describes replication groups as M(flaskops.eks.elasticache_replication_group) returns them. Changes nothing.
  - ElastiCache returns the tags only of a group that is V(available). In any other state RV(replication_groups[].tags)
    is null.
author:
  - flaskops.eks contributors
options:
  replication_group_ids:
    description: The groups' ids. When omitted, all groups of the region are described.
    type: list
    elements: str
seealso:
  - module: flaskops.eks.elasticache_replication_group
extends_documentation_fragment: [flaskops.eks.info, amazon.aws.common.modules, amazon.aws.region.modules,
  amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Describe the cache
  flaskops.eks.elasticache_replication_group_info:
    replication_group_ids: [flask-prod]
  register: found
"""

RETURN = r"""
---
replication_groups:
  description: One entry for each group that exists; one that is being deleted has the status V(deleting).
  returned: always
  type: list
  elements: dict
  contains:
    replication_group_id: {description: The group's id., type: str, sample: flask-prod}
    arn: {description: The group's ARN., type: str,
      sample: arn:aws:elasticache:eu-west-1:123456789012:replicationgroup:flask-prod}
    description: {description: Description of the group., type: str, sample: Queue and cache of the Flask applications}
    status: {description: "creating, available, modifying, deleting, snapshotting or create-failed.", type: str,
      sample: available}
    engine: {description: The engine., type: str, sample: valkey}
    engine_version: {description: The engine's version., type: str, sample: 8.0.1}
    node_type: {description: The nodes' type., type: str, sample: cache.t4g.small}
    num_cache_clusters: {description: How many nodes there are., type: int, sample: 2}
    member_clusters: {description: The ids of the nodes., type: list, elements: str,
      sample: [flask-prod-001, flask-prod-002]}
    primary_endpoint:
      description: Where to write and read.
      type: dict
      contains:
        address: {description: The name; there once the group is available., type: str,
          sample: master.flask-prod.abc123.euw1.cache.amazonaws.com}
        port: {description: The port., type: int, sample: 6379}
    reader_endpoint:
      description: Where to read from the replicas.
      type: dict
      contains:
        address: {description: The name., type: str, sample: replica.flask-prod.abc123.euw1.cache.amazonaws.com}
        port: {description: The port., type: int, sample: 6379}
    port: {description: The port., type: int, sample: 6379}
    automatic_failover: {description: Whether a replica takes over., type: bool, sample: true}
    multi_az: {description: Whether the nodes are spread over zones., type: bool, sample: true}
    transit_encryption: {description: Whether connections are encrypted., type: bool, sample: true}
    at_rest_encryption: {description: Whether data on disk is encrypted., type: bool, sample: true}
    auth_token_enabled: {description: Whether a token is needed., type: bool, sample: true}
    security_group_ids: {description: The security groups., type: list, elements: str, sample: [sg-0ccc]}
    subnet_group_name: {description: The group of subnets., type: str, sample: flask-prod}
    snapshot_retention_limit: {description: For how many days snapshots are kept., type: int, sample: 7}
    tags: {description: The tags., type: dict, sample: {"flaskops:environment": prod}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.api import ElastiCacheApi
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.plan import (
    WantedReplicationGroup,
)
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.resource import (
    ReplicationGroup,
)


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {"replication_group_ids": {"type": "list", "elements": "str"}}


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    api = ElastiCacheApi.connect(module)

    def describe(group_id: str) -> Found:
        return ReplicationGroup(api, WantedReplicationGroup(group_id=group_id), timeout=0.0).describe()

    def read() -> list[dict[str, Any]]:
        group_ids = module.params["replication_group_ids"]
        if group_ids is None:
            groups = api.listing("describe_replication_groups", "ReplicationGroups", "Marker")
            group_ids = [group["ReplicationGroupId"] for group in groups]
        return existing(group_ids, describe)

    report(module, "replication_groups", "replication groups", read)


if __name__ == "__main__":
    main()
