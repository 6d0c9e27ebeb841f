# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which slot of an application serves, and what its strategy wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SLOTS = ("a", "b")
SLOT_LABEL = "flaskops.eks/slot"


@dataclass(frozen=True)
class Release:
    """How an application is released.

    Attributes:
        strategy: The setting `strategy.type`.
        active_slot: The slot that serves when the release is done. Deployment and autoscaler are rendered for it.
        service_slot: The slot that the Service selects. Empty selects the pods of every slot and those from before
            there were slots: a release begins with what the Service selects now and ends with the active slot.
    """

    strategy: str = "rolling"
    active_slot: str = SLOTS[0]
    service_slot: str = SLOTS[0]


def deployment_name(application: str, slot: str) -> str:
    """Name of the Deployment of a slot."""
    return f"{application}-{slot}"


def read_releases(applications: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]]) -> dict[str, Release]:
    """The release of each application as it stands before a deployment, by name.

    Args:
        applications: Complete settings of the applications.
        found: Services and Deployments of the namespace as the cluster has them.

    Returns:
        The active slot is the one that the Service selects. Without a Service it is the slot of the only Deployment,
        otherwise the first slot.
    """
    objects = list(found)
    services = {item["metadata"]["name"]: item for item in objects if item["kind"] == "Service"}
    return {
        settings["name"]: _release(
            settings["strategy"]["type"],
            services.get(settings["name"]),
            [item for item in objects if item["kind"] == "Deployment" and _belongs(item, settings["name"])],
        )
        for settings in applications
    }


def finished_releases(releases: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """The releases as they are when they are done: every Service selects the active slot."""
    return {name: {**values, "service_slot": values["active_slot"]} for name, values in releases.items()}


def of_strategy(
    manifests: Iterable[Mapping[str, Any]], releases: Mapping[str, Mapping[str, str]], strategy: str
) -> list[Mapping[str, Any]]:
    """The manifests of the applications that are released by a strategy."""
    names = {name for name, values in releases.items() if values["strategy"] == strategy}
    return [item for item in manifests if _labels(item).get("app.kubernetes.io/instance") in names]


def _release(strategy: str, service: Mapping[str, Any] | None, deployments: list[Mapping[str, Any]]) -> Release:
    if service is not None:
        selected = (service["spec"].get("selector") or {}).get(SLOT_LABEL, "")
        return Release(strategy, selected or SLOTS[0], selected)
    slots = {_labels(item).get(SLOT_LABEL) for item in deployments} & set(SLOTS)
    active = slots.pop() if len(slots) == 1 else SLOTS[0]
    return Release(strategy, str(active), str(active))


def _belongs(item: Mapping[str, Any], application: str) -> bool:
    return _labels(item).get("app.kubernetes.io/instance") == application


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    return item["metadata"].get("labels") or {}
