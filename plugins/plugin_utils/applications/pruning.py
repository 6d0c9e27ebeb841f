# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the list of applications no longer names. It is found by our labels, and nothing else is ever selected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from .kinds import KINDS
from .metadata import MANAGED_BY, MANAGED_BY_LABEL, PART_OF_LABEL

Object = Mapping[str, Any]


def unwanted(found: Iterable[Object], wanted: Iterable[Object], part_of: str) -> list[Object]:
    """The objects that are ours and that no manifest wants, in the order of the table of kinds.

    Args:
        found: Objects of one namespace as the cluster has them.
        wanted: The manifests of that namespace.
        part_of: Value of the label app.kubernetes.io/part-of.

    Returns:
        Without ConfigMaps (unused_config_maps), without objects that a controller made or that are being deleted, and
        without an ExternalSecret while a wanted pod reads its Secret, which may go together with it.
    """
    manifests = list(wanted)
    names = {_key(item) for item in manifests}
    secrets = {name for item in manifests for name in _referenced(item, "secretRef")}
    rows = {kind.name: place for place, kind in enumerate(KINDS.values()) if kind.owned and not kind.by_reference}
    gone = [
        item
        for item in found
        if item["kind"] in rows
        and is_ours(item, part_of)
        and _key(item) not in names
        and not makes_secret(item, secrets)
    ]
    return sorted(gone, key=lambda item: rows[item["kind"]])


def unused_config_maps(
    found: Iterable[Object], workloads: Iterable[Object], kept: Iterable[str], part_of: str
) -> list[Object]:
    """The ConfigMaps that are ours and that no pod can read any more.

    Args:
        found: ConfigMaps of one namespace as the cluster has them.
        workloads: ReplicaSets, Deployments and Jobs that are kept, and the manifests that are about to be applied.
        kept: Names that a release history needs for a rollback.
        part_of: Value of the label app.kubernetes.io/part-of.
    """
    used = {*kept, *(name for item in workloads for name in config_maps_of(item))}
    return [item for item in found if is_ours(item, part_of) and item["metadata"]["name"] not in used]


def config_maps_of(item: Object) -> set[str]:
    """Names of the ConfigMaps that the pods of a workload read."""
    names = set(_referenced(item, "configMapRef"))
    for container in _containers(item):
        for variable in container.get("env") or []:
            names.add(((variable.get("valueFrom") or {}).get("configMapKeyRef") or {}).get("name", ""))
    for volume in _pod(item).get("volumes") or []:
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        names |= {(source.get("configMap") or {}).get("name", "") for source in sources}
    return names - {""}


def secrets_of(item: Object) -> set[str]:
    """Names of the Secrets that the pods of a workload take as environment."""
    return set(_referenced(item, "secretRef"))


def makes_secret(item: Object, names: Collection[str]) -> bool:
    """Whether an object is the ExternalSecret of one of these Secrets, which may be removed together with it."""
    return item["kind"] == "ExternalSecret" and _target(item) in names


def is_ours(item: Object, part_of: str) -> bool:
    """Whether this role applied an object for this deployment. A controller's objects and dying ones do not count."""
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    return (
        labels.get(MANAGED_BY_LABEL) == MANAGED_BY
        and labels.get(PART_OF_LABEL) == part_of
        and not metadata.get("deletionTimestamp")
        and not any(owner.get("controller") for owner in metadata.get("ownerReferences") or [])
    )


def _key(item: Object) -> tuple[str, str]:
    return str(item["kind"]), str(item["metadata"]["name"])


def _target(item: Object) -> str:
    name = (item.get("spec") or {}).get("target", {}).get("name")
    return str(name or item["metadata"]["name"])


def _pod(item: Object) -> Object:
    template: Object = (item.get("spec") or {}).get("template") or {}
    return template.get("spec") or {}


def _containers(item: Object) -> Iterator[Object]:
    pod = _pod(item)
    yield from pod.get("initContainers") or []
    yield from pod.get("containers") or []


def _referenced(item: Object, reference: str) -> Iterator[str]:
    for container in _containers(item):
        for source in container.get("envFrom") or []:
            if reference in source:
                yield str(source[reference]["name"])
