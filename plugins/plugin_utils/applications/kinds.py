# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of Kubernetes kinds. Rendering, applying, pruning and removing read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ApplicationError

PHASES = ("namespace", "foundation", "migration", "traffic", "workload", "scaling")
"""The order in which a deployment applies objects."""


@dataclass(frozen=True)
class Kind:
    """A Kubernetes kind that the renderer makes.

    Attributes:
        name: The kind, for example `Deployment`.
        api_version: Its API version.
        phase: The part of a deployment that applies it, one of PHASES.
        owned: Whether its objects belong to the applications, so that they may be pruned. Others belong to the cluster.
        namespaced: Whether its objects are in a namespace.
        by_reference: Whether its objects are unused only when no pod template names them (unused_config_maps).
    """

    name: str
    api_version: str
    phase: str
    owned: bool = True
    namespaced: bool = True
    by_reference: bool = False


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Namespace", "v1", "namespace", owned=False, namespaced=False),
        Kind("PriorityClass", "scheduling.k8s.io/v1", "namespace", owned=False, namespaced=False),
        Kind("ServiceAccount", "v1", "foundation"),
        Kind("Role", "rbac.authorization.k8s.io/v1", "foundation"),
        Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "foundation"),
        Kind("NetworkPolicy", "networking.k8s.io/v1", "foundation"),
        Kind("ConfigMap", "v1", "foundation", by_reference=True),
        Kind("ExternalSecret", "external-secrets.io/v1", "foundation"),
        Kind("Job", "batch/v1", "migration"),
        Kind("Service", "v1", "traffic"),
        Kind("Ingress", "networking.k8s.io/v1", "traffic"),
        Kind("Deployment", "apps/v1", "workload"),
        Kind("HorizontalPodAutoscaler", "autoscaling/v2", "scaling"),
        Kind("PodDisruptionBudget", "policy/v1", "scaling"),
    )
}


def kind_of(item: Mapping[str, Any]) -> Kind:
    """The row of an object.

    Raises:
        ApplicationError: for a kind or an API version that the table does not have. Nothing would apply the object.
    """
    name, api_version = str(item.get("kind")), str(item.get("apiVersion"))
    kind = KINDS.get(name)
    if kind is None or kind.api_version != api_version:
        raise ApplicationError(
            f"{api_version} {name}: not in the table of kinds, so nothing would apply it; "
            "add it to plugins/plugin_utils/applications/kinds.py"
        )
    return kind


def owned_kinds() -> list[Kind]:
    """The kinds of which the applications own objects, in the order in which they are applied."""
    return [kind for kind in KINDS.values() if kind.owned]


def in_phase(items: Iterable[Mapping[str, Any]], phase: str) -> list[Mapping[str, Any]]:
    """The objects that a phase applies, in their order.

    Raises:
        ApplicationError: for a phase or a kind that does not exist.
    """
    if phase not in PHASES:
        raise ApplicationError(f"{phase!r} is not a phase; use one of {', '.join(PHASES)}")
    return [item for item in items if kind_of(item).phase == phase]
