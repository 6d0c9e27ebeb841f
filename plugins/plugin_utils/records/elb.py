# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of Elastic Load Balancing modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_SERVICE: t.Final = "elasticloadbalancing"
_READ_BALANCERS: t.Final = (
    "DescribeListeners",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeRules",
    "DescribeTags",
)
_READ_GROUPS: t.Final = (
    "DescribeTags",
    "DescribeTargetGroupAttributes",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
)

RECORDS: t.Final = (
    Record(
        "amazon.aws.elb_application_lb",
        kind="load balancer",
        actions=actions(_SERVICE, "DeleteListener", "DeleteLoadBalancer", *_READ_BALANCERS),
        identity=("name",),
        info=Info("amazon.aws.elb_application_lb_info", {"names": ["name"]}, "load_balancers", "load_balancer_name"),
        resource_type="elasticloadbalancing:loadbalancer",
    ),
    Record("amazon.aws.elb_application_lb_info", actions=actions(_SERVICE, *_READ_BALANCERS)),
    Record(
        "community.aws.elb_target_group",
        kind="target group",
        actions=actions(_SERVICE, "DeleteTargetGroup", *_READ_GROUPS),
        identity=("name",),
        info=Info("community.aws.elb_target_group_info", {"names": ["name"]}, "target_groups", "target_group_name"),
        resource_type="elasticloadbalancing:targetgroup",
        has_check_mode=False,
    ),
    Record("community.aws.elb_target_group_info", actions=actions(_SERVICE, *_READ_GROUPS)),
)
