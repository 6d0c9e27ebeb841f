# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ingress of an application, with the annotations of the AWS Load Balancer Controller.

Annotations: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .context import Application, Ingress, Manifest
from .metadata import labels, make_object

PREFIX = "alb.ingress.kubernetes.io"
EXTERNAL_DNS_HOSTNAME = "external-dns.kubernetes.io/hostname"
HEALTH_CHECK = {
    "path": "healthcheck-path",
    "interval_seconds": "healthcheck-interval-seconds",
    "timeout_seconds": "healthcheck-timeout-seconds",
    "healthy_threshold": "healthy-threshold-count",
    "unhealthy_threshold": "unhealthy-threshold-count",
    "success_codes": "success-codes",
}


def ingress(app: Application) -> Manifest:
    """One rule a host, all to the application's Service."""
    wanted, common = app.settings["ingress"], app.shared.ingress
    backend = {"service": {"name": app.name, "port": {"name": "http"}}}
    path = {"path": wanted["path"], "pathType": wanted["path_type"], "backend": backend}
    spec: Manifest = {
        "ingressClassName": common.class_name,
        "rules": [{"host": host, "http": {"paths": [path]}} for host in wanted["hosts"]],
    }
    if common.certificate_arn:
        spec["tls"] = [{"hosts": list(wanted["hosts"])}]
    made = make_object("Ingress", app.name, app.shared, labels(app), spec=spec)
    made["metadata"]["annotations"] = ingress_annotations(app)
    return made


def ingress_annotations(app: Application) -> dict[str, str]:
    """All values are text. The application's own annotations come last and win."""
    wanted, common = app.settings["ingress"], app.shared.ingress
    own = {str(key): str(value) for key, value in wanted["annotations"].items()}
    if common.class_name != "alb":
        return own
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
        made[EXTERNAL_DNS_HOSTNAME] = ",".join(wanted["hosts"])
    return {**made, **own}


def _listeners(common: Ingress) -> dict[str, str]:
    """HTTPS with a redirect from HTTP when there is a certificate, otherwise HTTP only."""
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
        # Only for security groups that are given: whether the controller opens the nodes' group to them.
        managed = str(common.manage_backend_security_group_rules).lower()
        made[f"{PREFIX}/manage-backend-security-group-rules"] = managed
    if common.tags:
        made[f"{PREFIX}/tags"] = _pairs(common.tags)
    return made


def _pairs(values: Mapping[str, Any]) -> str:
    """`a=1,b=true`, sorted, so that the same attributes always read the same."""
    texts = {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
    return ",".join(f"{key}={texts[key]}" for key in sorted(texts))
