#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A replication group of ElastiCache."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: elasticache_replication_group
version_added: 1.0.0
short_description: Manage an Amazon ElastiCache replication group (Redis or Valkey with replicas)
description:
  - Creates, changes, upgrades and deletes a replication group without cluster mode, with encryption in transit and an
    authentication token.
  - Options that are not given are not changed. Fails for options that cannot be changed, with what to do.
  - The authentication token cannot be read back, so it is only changed on request (O(update_auth_token)).
author:
  - flaskops.eks contributors
options:
  replication_group_id:
    description: The group's id.
    type: str
    required: true
  description:
    description: Description of the group. Required on creation.
    type: str
  engine:
    description: The engine. Required on creation. V(redis) can become V(valkey), not the other way.
    type: str
    choices: [redis, valkey]
  engine_version:
    description: The engine's version, for example V(7.1). It can be upgraded, not downgraded.
    type: str
  node_type:
    description: The node type, for example V(cache.t4g.small). Required on creation.
    type: str
  num_cache_clusters:
    description: How many nodes there are, the primary and its replicas. One when a new group does not mention it.
    type: int
  automatic_failover:
    description: Whether a replica takes over when the primary fails. Needs two nodes.
    type: bool
  multi_az:
    description: Whether the nodes are spread over zones. Needs O(automatic_failover).
    type: bool
  transit_encryption:
    description: Whether connections are encrypted (TLS). Cannot be changed here.
    type: bool
  auth_token:
    description: The password of the default user, 16 to 128 characters. Requires O(transit_encryption).
    type: str
  update_auth_token:
    description:
      - Whether O(auth_token) replaces the token of an existing group. Such a task always reports a change.
    type: bool
    default: false
  auth_token_update_strategy:
    description:
      - How the token is replaced.
      - V(rotate) adds it beside the present one, V(set) makes it the only one. With the application taking the
        new token between the two, no connection is refused. V(rotate_then_set) does both at once.
    type: str
    choices: [rotate, set, rotate_then_set]
    default: rotate_then_set
  at_rest_encryption:
    description: Whether data on disk is encrypted. Cannot be changed.
    type: bool
  kms_key_id:
    description: The KMS key for that, its ARN or id. Cannot be changed.
    type: str
  subnet_group_name:
    description: The group of subnets for the nodes. Cannot be changed.
    type: str
  security_group_ids:
    description: The security groups of the nodes. Their order is ignored.
    type: list
    elements: str
  parameter_group_name:
    description: The parameter group.
    type: str
  port:
    description: The port; 6379 when a new group does not mention it. Cannot be changed.
    type: int
  snapshot_retention_limit:
    description: Retention of daily snapshots in days; 0 disables them.
    type: int
  snapshot_window:
    description: The window of daily snapshots in UTC, for example V(03:00-04:00).
    type: str
  preferred_maintenance_window:
    description: The maintenance window in UTC, for example V(sun:05:00-sun:06:00).
    type: str
  auto_minor_version_upgrade:
    description: Whether minor versions are upgraded automatically in the maintenance window.
    type: bool
  apply_immediately:
    description:
      - Whether changes are made at once. With V(false) those that interrupt wait for the maintenance window, and
        count as done.
    type: bool
    default: true
  final_snapshot_identifier:
    description: The name of a snapshot that O(state=absent) makes before deleting; none is made when not given.
    type: str
  wait_timeout:
    description:
      - How long to wait for the creation, each change or the deletion, in seconds. boto3's own waiter gives up
        after ten minutes, which is too early for a creation.
    type: int
    default: 2400
extends_documentation_fragment: [flaskops.eks.wait, flaskops.eks.resource, amazon.aws.common.modules,
  amazon.aws.region.modules, amazon.aws.boto3]
"""

EXAMPLES = r"""
---
- name: Create the cache without waiting
  flaskops.eks.elasticache_replication_group:
    replication_group_id: flask-prod
    description: Queue and cache of the Flask applications
    engine: valkey
    engine_version: "8.0"
    node_type: cache.t4g.small
    num_cache_clusters: 2
    automatic_failover: true
    multi_az: true
    transit_encryption: true
    auth_token: "{{ cache_password }}"
    at_rest_encryption: true
    subnet_group_name: flask-prod
    security_group_ids: [sg-0ccc]
    snapshot_retention_limit: 7
    wait: false

- name: Add a new password beside the old one
  flaskops.eks.elasticache_replication_group:
    replication_group_id: flask-prod
    auth_token: "{{ new_cache_password }}"
    update_auth_token: true
    auth_token_update_strategy: rotate
"""

RETURN = r"""
---
replication_group:
  description: The group as ElastiCache describes it, with what only its members tell; empty when it does not exist.
  returned: always
  type: dict
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
actions: {description: "What was done, or would be in check mode, in order.", returned: always, type: list,
  elements: str, sample: ["create replication group flask-prod (valkey, 2 x cache.t4g.small)"]}
before: {description: The managed options as they were; empty when there was nothing., returned: always, type: dict}
after: {description: "The same as they are now, or would be in check mode.", returned: always, type: dict}
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import resource_options, run
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.api import ElastiCacheApi
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.plan import (
    WantedReplicationGroup,
)
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache.replication_group.resource import (
    ReplicationGroup,
)


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's own options."""
    return {
        "replication_group_id": {"type": "str", "required": True},
        "description": {"type": "str"},
        "engine": {"type": "str", "choices": ["redis", "valkey"]},
        "engine_version": {"type": "str"},
        "node_type": {"type": "str"},
        "num_cache_clusters": {"type": "int"},
        "automatic_failover": {"type": "bool"},
        "multi_az": {"type": "bool"},
        "transit_encryption": {"type": "bool"},
        "auth_token": {"type": "str", "no_log": True},
        "update_auth_token": {"type": "bool", "default": False, "no_log": False},
        "auth_token_update_strategy": {
            "type": "str",
            "choices": ["rotate", "set", "rotate_then_set"],
            "default": "rotate_then_set",
            "no_log": False,
        },
        "at_rest_encryption": {"type": "bool"},
        "kms_key_id": {"type": "str", "no_log": False},
        "subnet_group_name": {"type": "str"},
        "security_group_ids": {"type": "list", "elements": "str"},
        "parameter_group_name": {"type": "str"},
        "port": {"type": "int"},
        "snapshot_retention_limit": {"type": "int"},
        "snapshot_window": {"type": "str"},
        "preferred_maintenance_window": {"type": "str"},
        "auto_minor_version_upgrade": {"type": "bool"},
        "apply_immediately": {"type": "bool", "default": True},
        "final_snapshot_identifier": {"type": "str"},
        **resource_options(wait_timeout=2400),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = WantedReplicationGroup.from_params(module.params)
    run(module, ReplicationGroup(ElastiCacheApi.connect(module), wanted, module.params["wait_timeout"]))


if __name__ == "__main__":
    main()
