# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The number of pods that a Deployment states.

An autoscaler owns `spec.replicas`, and a manifest that states the field undoes the autoscaler's decision at every run.
Leaving the field out has a trap with server-side apply: a field that the applier owned and no longer states falls back
to its default, which is 1 (https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership).
So the live number is stated as long as our field manager owns the field. The autoscaler takes the field over when it
changes the number for the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .releases import SLOTS, deployment_name

FIELD_MANAGER = "flaskops"
"""Field manager of flaskops.eks.manifests."""


@dataclass(frozen=True)
class Running:
    """A Deployment that runs: its number of pods, and whether our field manager owns that number."""

    replicas: int
    owned: bool = False


def running_deployments(found: Iterable[Mapping[str, Any]]) -> dict[str, Running]:
    """The Deployments by name. `found` needs metadata.managedFields."""
    return {
        item["metadata"]["name"]: Running(int(item["spec"].get("replicas", 1)), _owns_replicas(item)) for item in found
    }


def replicas(settings: Mapping[str, Any], slot: str, running: Mapping[str, Running]) -> int | None:
    """The number to state for the Deployment of a slot; None to state none."""
    if not settings["autoscaling"]["enabled"]:
        return int(settings["replicas"])
    name = settings["name"]
    current = running.get(deployment_name(name, slot))
    if current is not None:
        return current.replicas if current.owned else None
    # A new slot starts with as many pods as serve now, because it takes their load before the autoscaler has looked.
    others = [deployment_name(name, other) for other in SLOTS if other != slot]
    serving = max((running[other].replicas for other in (name, *others) if other in running), default=0)
    return serving or None


def _owns_replicas(deployment: Mapping[str, Any]) -> bool:
    return any(
        entry.get("manager") == FIELD_MANAGER
        and entry.get("operation") == "Apply"
        and "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
        for entry in deployment["metadata"].get("managedFields") or []
    )
