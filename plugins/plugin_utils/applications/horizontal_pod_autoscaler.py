# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HorizontalPodAutoscaler of an application's active slot."""

from __future__ import annotations

from .context import Application, Manifest
from .kinds import KINDS
from .metadata import labels, make_object
from .releases import deployment_name


def horizontal_pod_autoscaler(app: Application) -> Manifest:
    """Scales the Deployment of the active slot by CPU and memory."""
    wanted = app.settings["autoscaling"]
    targets = {"cpu": wanted["cpu_utilization"], "memory": wanted["memory_utilization"]}
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": target}},
        }
        for name, target in targets.items()
        if target
    ]
    behavior = {
        direction: {
            "stabilizationWindowSeconds": rule["stabilization_seconds"],
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": rule["percent"], "periodSeconds": rule["period_seconds"]}],
        }
        for direction, rule in (("scaleUp", wanted["scale_up"]), ("scaleDown", wanted["scale_down"]))
    }
    spec = {
        "minReplicas": wanted["min_replicas"],
        "maxReplicas": wanted["max_replicas"],
        "scaleTargetRef": {
            "apiVersion": KINDS["Deployment"].api_version,
            "kind": "Deployment",
            "name": deployment_name(app.name, app.release.active_slot),
        },
        "metrics": metrics,
        "behavior": behavior,
    }
    return make_object("HorizontalPodAutoscaler", app.name, app.shared, labels(app), spec=spec)
