# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of single modules in check mode: whose parent may be missing, and who cannot be asked at all.

"Not found" is planned only when the missing object is one that the same run plans to create; anything else that is not
found is a genuine error of the inputs and stays one.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t


@dataclasses.dataclass(frozen=True)
class Parent:
    """A module that fails in check mode when its parent does not exist yet."""

    message: re.Pattern[str]
    """How the module says so."""
    module: str
    """Short name of the module that creates the parent."""
    option: str
    """The option by which the child names its parent."""


PARENTS: t.Final[dict[str, Parent]] = {
    "amazon.aws.iam_policy": Parent(
        re.compile(r"NoSuchEntity|cannot be found|not found", re.I), "iam_role", "iam_name"
    ),
    "amazon.aws.ec2_vpc_route_table": Parent(re.compile(r"No IGWs? found"), "ec2_vpc_igw", "vpc_id"),
    "amazon.aws.route53": Parent(re.compile(r"Zone .* does not exist"), "route53_zone", "zone"),
}


@dataclasses.dataclass(frozen=True)
class Existing:
    """How to ask whether the object of a module without check mode exists."""

    module: str
    """The module that looks."""
    option: str
    """Its option that takes the name."""
    key: str
    """Where its result lists what it found."""
    name: str
    """The name inside one found item."""
    as_list: bool = False


NO_CHECK_MODE: t.Final[dict[str, Existing]] = {
    "amazon.aws.s3_bucket": Existing("amazon.aws.s3_bucket_info", "name", "buckets", "name"),
    "community.aws.elb_target_group": Existing(
        "community.aws.elb_target_group_info", "names", "target_groups", "target_group_name", as_list=True
    ),
}

OWN_ABSENCE: t.Final[dict[str, re.Pattern[str]]] = {
    # They go on with what they have not created.
    "amazon.aws.rds_instance_param_group": re.compile(r"DBParameterGroupNotFound"),
    "community.aws.ecs_ecr": re.compile(r"could not find repository"),
    "community.aws.sns_topic": re.compile(r"for topic None"),
}
"""Failures of a check run that happen only when the module's own object does not exist yet."""

NO_SUPPORT: t.Final = re.compile(
    r"does not support check mode|would have run if not in check mode|check mode not \(yet\) supported"
)
"""What modules say that a check run skips: any module without check mode, ``command`` and ``shell``, ``fetch``."""

IDENTITY: t.Final[dict[str, tuple[str, ...]]] = {
    "amazon.aws.cloudwatchlogs_log_group": ("log_group_name",),
    "amazon.aws.ec2_security_group": ("name", "vpc_id"),
    "amazon.aws.ec2_vpc_route_table": ("vpc_id", "tags"),
    "amazon.aws.iam_managed_policy": ("name",),
    "amazon.aws.iam_role": ("name",),
    "amazon.aws.kms_key": ("alias",),
    "amazon.aws.rds_instance": ("db_instance_identifier",),
    "amazon.aws.rds_subnet_group": ("name",),
    "community.aws.elasticache_subnet_group": ("name",),
    "community.aws.secretsmanager_secret": ("name",),
    "flaskops.eks.acm_certificate": ("domain_name",),
    "flaskops.eks.eks_access_entry": ("cluster_name", "principal_arn"),
    "flaskops.eks.eks_addon": ("cluster_name", "name"),
    "flaskops.eks.eks_cluster": ("name",),
    "flaskops.eks.eks_nodegroup": ("cluster_name", "name"),
    "flaskops.eks.eks_pod_identity_association": ("cluster_name", "namespace", "service_account"),
    "flaskops.eks.iam_oidc_provider": ("url",),
    "flaskops.eks.elasticache_replication_group": ("replication_group_id",),
}
"""By which options a module finds its object. When they are known, it can be asked though another input is not."""

UPDATE_MESSAGE: t.Final[dict[str, re.Pattern[str]]] = {
    "amazon.aws.ec2_launch_template": re.compile(r"created launch template version"),
}
"""What a module says only of an object that is there, when its check mode does not return the object."""

ASK_AGAIN: t.Final[dict[str, dict[str, t.Any]]] = {
    "community.aws.secretsmanager_secret": {"overwrite": False},
}
"""Modules whose check mode returns nothing when anything changes: asked by name alone, with these, they find it."""

_planned: set[tuple[str, str]] = set()
"""Module and string input of all that this run plans to create. Filled in the controller, inherited by later forks."""


def remember_planned(short_name: str, values: t.Mapping[str, t.Any]) -> None:
    """Note an object that the run plans to create, by every short text among its inputs. Called in the controller."""
    for value in values.values():
        if isinstance(value, str) and 0 < len(value) < 256:
            _planned.add((short_name, _normal(value)))


def parent_is_planned(fqcn: str, message: str, values: t.Mapping[str, t.Any]) -> str | None:
    """Why a failure counts as planned, or None when it is a genuine one."""
    own = OWN_ABSENCE.get(fqcn)
    if own is not None and own.search(message):
        return "it does not exist"
    parent = PARENTS.get(fqcn)
    if parent is None or not parent.message.search(message):
        return None
    name = values.get(parent.option)
    if not isinstance(name, str) or (parent.module, _normal(name)) not in _planned:
        return None
    return f"{parent.module} {name} does not exist yet"


def _normal(name: str) -> str:
    # Route 53 writes a zone's name with the final dot, people without.
    return name.rstrip(".")
