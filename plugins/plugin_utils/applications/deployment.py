# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Deployment of a slot."""

from __future__ import annotations

from .context import Application, Manifest
from .metadata import make_object, selector, versioned_labels
from .pod_template import pod_template
from .releases import deployment_name
from .replicas import replicas


def deployment(app: Application, slot: str) -> Manifest:
    """Runs the application's image in a slot."""
    settings = app.settings
    spec: Manifest = {
        "minReadySeconds": settings["min_ready_seconds"],
        "progressDeadlineSeconds": settings["progress_deadline_seconds"],
        "revisionHistoryLimit": 5,
        # A pod is added before one is removed, so no rollout ever serves with fewer pods than before.
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": settings["max_surge"]},
        },
        "selector": {"matchLabels": selector(app, slot)},
        "template": pod_template(app, slot),
    }
    count = replicas(settings, slot, app.running)
    if count is not None:
        spec["replicas"] = count
    name = deployment_name(app.name, slot)
    return make_object("Deployment", name, app.shared, versioned_labels(app, slot), spec=spec)
