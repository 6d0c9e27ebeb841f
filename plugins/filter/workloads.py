# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of Kubernetes objects: data for manifests and charts, and owners of objects."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.metadata import MANAGED_BY

OWN_LABEL = "app.kubernetes.io/managed-by"


def workloads(names: Iterable[str], kind: str = "Deployment") -> list[dict[str, str]]:
    """Return names of one kind as input of the rollout module."""
    return [{"kind": kind, "name": str(name)} for name in names]


def secret_environment(names: Iterable[str], secret: str) -> list[dict[str, Any]]:
    """Return environment variables, each from the key of the same name in a Secret."""
    return [{"name": str(name), "valueFrom": {"secretKeyRef": {"name": secret, "key": str(name)}}} for name in names]


def base64_values(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the `data` of a Secret.

    Do not use `stringData`: the API server moves it into `data` without a field manager, so server-side apply would
    never remove a deleted key.
    """
    return {str(key): base64.b64encode(str(value).encode()).decode() for key, value in values.items()}


def foreign_namespaces(planned: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of existing namespaces that belong to another owner.

    An apply adds our label to every namespace, so the owner must be checked before.

    Args:
        planned: Result of flaskops.eks.manifests in check mode for namespaces with our label.

    Returns:
        The namespaces without our label.
    """
    return [str(item["name"]) for item in planned if item["action"] == "update" and OWN_LABEL in _new_labels(item)]


def removable(
    objects: Iterable[Mapping[str, Any]], namespace: str, foreign: Iterable[str] = ()
) -> list[Mapping[str, Any]]:
    """Return the objects to remove with the applications of a namespace.

    Args:
        objects: Objects in the cluster, of any namespace.
        namespace: Namespace of the applications.
        foreign: Namespaces that are kept, from foreign_namespaces.

    Returns:
        All objects of the namespace; if it is kept, those with our label.
    """
    inside = [item for item in objects if item["metadata"].get("namespace") == namespace]
    if namespace not in set(foreign):
        return inside
    return [item for item in inside if (item["metadata"].get("labels") or {}).get(OWN_LABEL) == MANAGED_BY]


def _new_labels(planned: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the labels that an apply would set or change."""
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
