# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of Kubernetes objects: names in the shapes that manifests and charts want, and which objects are ours."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.metadata import MANAGED_BY

OWN_LABEL = "app.kubernetes.io/managed-by"


def workloads(names: Iterable[str], kind: str = "Deployment") -> list[dict[str, str]]:
    """Names of one kind as the rollout module takes them."""
    return [{"kind": kind, "name": str(name)} for name in names]


def secret_environment(names: Iterable[str], secret: str) -> list[dict[str, Any]]:
    """Environment variables, each from the key of its own name in a Secret."""
    return [{"name": str(name), "valueFrom": {"secretKeyRef": {"name": secret, "key": str(name)}}} for name in names]


def base64_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The `data` of a Secret.

    `stringData` is no alternative: the API server moves it into `data` and forgets who wrote it, so that a key which is
    taken out again would stay for ever under server-side apply.
    """
    return {str(key): base64.b64encode(str(value).encode()).decode() for key, value in values.items()}


def foreign_namespaces(planned: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the namespaces that are there, and that somebody else made.

    An apply adds our label to any namespace, so whose it is can be told only before.

    Args:
        planned: What flaskops.eks.manifests returned in check mode for namespaces with our label.

    Returns:
        Those on which the label would have to be set first.
    """
    return [str(item["name"]) for item in planned if item["action"] == "update" and OWN_LABEL in _new_labels(item)]


def removable(
    objects: Iterable[Mapping[str, Any]], namespace: str, foreign: Iterable[str] = ()
) -> list[Mapping[str, Any]]:
    """The objects that go when the applications of a namespace do.

    Args:
        objects: As the cluster has them, of any namespace.
        namespace: That of the applications.
        foreign: Namespaces that stay, from foreign_namespaces.

    Returns:
        All of the namespace's, which goes with all that is in it; if it stays, those that carry our label.
    """
    inside = [item for item in objects if item["metadata"].get("namespace") == namespace]
    if namespace not in set(foreign):
        return inside
    return [item for item in inside if (item["metadata"].get("labels") or {}).get(OWN_LABEL) == MANAGED_BY]


def _new_labels(planned: Mapping[str, Any]) -> Mapping[str, Any]:
    """The labels that an apply would set or change."""
    after = (planned.get("diff") or {}).get("after") or {}
    return (after.get("metadata") or {}).get("labels") or {}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "base64_values": base64_values,
            "foreign_namespaces": foreign_namespaces,
            "removable": removable,
            "secret_environment": secret_environment,
            "workloads": workloads,
        }
