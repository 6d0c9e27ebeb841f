# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PodDisruptionBudget over an application's pods, in all slots."""

from __future__ import annotations

from .context import Application, Manifest
from .metadata import labels, make_object, selector


def pod_disruption_budget(app: Application) -> Manifest:
    """Limits how many pods a drain of nodes may evict at a time."""
    wanted = app.settings["disruption_budget"]
    # AlwaysAllow: a pod that is not ready serves no requests and must not block draining a node.
    spec: Manifest = {"unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": selector(app)}}
    for key, name in (("max_unavailable", "maxUnavailable"), ("min_available", "minAvailable")):
        if wanted[key] != "":
            spec[name] = wanted[key]
    return make_object("PodDisruptionBudget", app.name, app.shared, labels(app), spec=spec)
