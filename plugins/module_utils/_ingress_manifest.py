# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ingress rules and the AWS Load Balancer Controller's annotations. Pure.

Annotations: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils._applications import Ingress, Settings, Shared

PREFIX = "alb.ingress.kubernetes.io"
HEALTH_CHECK = {
    "path": "healthcheck-path",
    "interval_seconds": "healthcheck-interval-seconds",
    "timeout_seconds": "healthcheck-timeout-seconds",
    "healthy_threshold": "healthy-threshold-count",
    "unhealthy_threshold": "unhealthy-threshold-count",
    "success_codes": "success-codes",
}


def spec(settings: Settings, shared: Shared) -> dict[str, Any]:
    """One rule a host, all to the application's Service."""
    wanted = settings["ingress"]
    backend = {"service": {"name": settings["name"], "port": {"name": "http"}}}
    path = {"path": wanted["path"], "pathType": wanted["path_type"], "backend": backend}
    made: dict[str, Any] = {
        "ingressClassName": shared.ingress.class_name,
        "rules": [{"host": host, "http": {"paths": [path]}} for host in wanted["hosts"]],
    }
    if shared.ingress.certificate_arn:
        made["tls"] = [{"hosts": list(wanted["hosts"])}]
    return made


def ingress_annotations(settings: Settings, shared: Shared) -> dict[str, str]:
    """All values are text. The application's own annotations come last and win."""
    common = shared.ingress
    if common.class_name != "alb":
        return {str(key): str(value) for key, value in settings["ingress"]["annotations"].items()}
    made: dict[str, str] = {
        f"{PREFIX}/scheme": common.scheme,
        f"{PREFIX}/target-type": "ip",
        f"{PREFIX}/backend-protocol": "HTTP",
        f"{PREFIX}/target-group-attributes": _pairs(
            {"deregistration_delay.timeout_seconds": common.deregistration_delay_seconds}
        ),
        f"{PREFIX}/load-balancer-attributes": _pairs(
            {"idle_timeout.timeout_seconds": common.idle_timeout_seconds, **common.load_balancer_attributes}
        ),
        **_listeners(common),
        **_placement(common),
    }
    made |= {f"{PREFIX}/{HEALTH_CHECK[key]}": str(value) for key, value in common.health_check.items()}
    if common.external_dns:
        made["external-dns.alpha.kubernetes.io/hostname"] = ",".join(settings["ingress"]["hosts"])
    return {**made, **{str(key): str(value) for key, value in settings["ingress"]["annotations"].items()}}


def _listeners(common: Ingress) -> dict[str, str]:
    """HTTPS with a redirect from HTTP when there is a certificate, else HTTP only."""
    if not common.certificate_arn:
        return {f"{PREFIX}/listen-ports": json.dumps([{"HTTP": 80}])}
    return {
        f"{PREFIX}/listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
        f"{PREFIX}/ssl-redirect": "443",
        f"{PREFIX}/certificate-arn": common.certificate_arn,
        f"{PREFIX}/ssl-policy": common.ssl_policy,
    }


def _placement(common: Ingress) -> dict[str, str]:
    made: dict[str, str] = {}
    if common.group_name:
        made[f"{PREFIX}/group.name"] = common.group_name
    if common.subnet_ids:
        made[f"{PREFIX}/subnets"] = ",".join(common.subnet_ids)
    if common.security_group_ids:
        made[f"{PREFIX}/security-groups"] = ",".join(common.security_group_ids)
        # Only meaningful beside security groups of one's own: whether the nodes' group is opened to them.
        managed = str(common.manage_backend_security_group_rules).lower()
        made[f"{PREFIX}/manage-backend-security-group-rules"] = managed
    if common.tags:
        made[f"{PREFIX}/tags"] = _pairs(common.tags)
    return made


def _pairs(values: Mapping[str, Any]) -> str:
    """`a=1,b=true`, sorted, so that the same attributes always read the same."""
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    return ",".join(f"{key}={texts[key]}" for key in sorted(texts))
