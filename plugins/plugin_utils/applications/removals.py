# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deployment removes, and when: before the migration, after the traffic has moved, or at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .context import SHARED_INSTANCE
from .metadata import INSTANCE_LABEL
from .pruning import is_ours, makes_secret, secrets_of, unused_config_maps, unwanted

Object = Mapping[str, Any]

REVISION = "deployment.kubernetes.io/revision"


def removals(
    found: Sequence[Object],
    manifests: Sequence[Object],
    applications: Iterable[str],
    part_of: str,
    migration: str = "",
    failed: Collection[str] = (),
    revised: Collection[str] = (),
) -> dict[str, list[Object]]:
    """The objects that are ours and no longer wanted.

    Args:
        found: Objects of the namespace as the cluster has them, with ReplicaSets.
        manifests: Everything that is rendered.
        applications: Names of all applications of the list, also of disabled ones.
        part_of: Value of the label app.kubernetes.io/part-of.
        migration: Name of the shared migration.
        failed: Applications that could not be deployed. Their earlier Deployments still serve, so what these use stays.
        revised: Deployments that get a new revision, and so one more ReplicaSet, by this run.

    Returns:
        jobs: earlier and failed migrations, removed before the migration.
        slots: Deployments of other slots and from before there were slots, removed after the traffic has moved.
        disabled: what the settings of a named application switch off.
        pruned: objects of applications that the list no longer names, and ConfigMaps that no pod can read any more.
    """
    named = {*applications, SHARED_INSTANCE, migration, ""}
    enabled = {_instance(item) for item in manifests if item["kind"] == "Deployment"}
    gone = unwanted(found, manifests, part_of)
    jobs = [item for item in gone if item["kind"] == "Job" and _instance(item) in named]
    jobs += [item for item in found if _has_failed(item) and is_ours(item, part_of) and item not in jobs]
    slots = [item for item in gone if item["kind"] == "Deployment" and _instance(item) in enabled]
    rest = [item for item in gone if item not in jobs and item not in slots]
    in_use = {name for item in found if _instance(item) in failed for name in secrets_of(item)}
    rest = [item for item in rest if _instance(item) not in failed and not makes_secret(item, in_use)]
    leaving = [item for item in [*jobs, *slots, *rest] if _instance(item) not in failed]
    config_maps = unused_config_maps(
        [item for item in found if item["kind"] == "ConfigMap"],
        [*_remaining_workloads(found, leaving, revised), *manifests],
        (),
        part_of,
    )
    return {
        "jobs": jobs,
        "slots": [item for item in slots if _instance(item) not in failed],
        "disabled": [item for item in rest if _instance(item) in named],
        "pruned": [item for item in rest if _instance(item) not in named] + list(config_maps),
    }


def revised_deployments(applied: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the Deployments of which an apply changed, or would change, the pods.

    Args:
        applied: `resources` as flaskops.eks.manifests returns them.
    """
    return [
        str(item["name"])
        for item in applied
        if item["kind"] == "Deployment" and item["action"] == "update" and "template" in _changed_spec(item)
    ]


def _remaining_workloads(found: Iterable[Object], leaving: Sequence[Object], revised: Collection[str]) -> list[Object]:
    """Deployments, Jobs and ReplicaSets without those that leave, and without revisions that Kubernetes forgets."""
    objects = list(found)
    gone = {(item["kind"], item["metadata"]["name"]) for item in leaving}
    kept = [item for item in objects if item["kind"] in {"Deployment", "Job"} and _key(item) not in gone]
    sets: dict[str, list[Object]] = {}
    for item in objects:
        if item["kind"] == "ReplicaSet":
            sets.setdefault(_owner(item), []).append(item)
    deployments = [item for item in kept if item["kind"] == "Deployment"]
    limits = {item["metadata"]["name"]: item["spec"].get("revisionHistoryLimit", 10) for item in deployments}
    for owner, items in sets.items():
        if ("Deployment", owner) in gone:
            continue
        newest_first = sorted(items, key=_revision, reverse=True)
        # The newest one is the current revision, unless this run makes another.
        count = limits.get(owner, len(items)) + (0 if owner in revised else 1)
        kept += newest_first[:count]
        kept += [item for item in newest_first[count:] if item["spec"].get("replicas")]
    return kept


def _changed_spec(item: Mapping[str, Any]) -> Mapping[str, Any]:
    after: Mapping[str, Any] = (item.get("diff") or {}).get("after") or {}
    return after.get("spec") or {}


def _has_failed(item: Object) -> bool:
    """A failed Job never runs again."""
    conditions = (item.get("status") or {}).get("conditions") or []
    return item["kind"] == "Job" and any(
        entry.get("type") == "Failed" and entry.get("status") == "True" for entry in conditions
    )


def _owner(item: Object) -> str:
    owners = item["metadata"].get("ownerReferences") or []
    return next((str(owner["name"]) for owner in owners if owner.get("kind") == "Deployment"), "")


def _revision(item: Object) -> int:
    return int((item["metadata"].get("annotations") or {}).get(REVISION, 0))


def _key(item: Object) -> tuple[str, str]:
    return str(item["kind"]), str(item["metadata"]["name"])


def _instance(item: Object) -> str:
    return str((item["metadata"].get("labels") or {}).get(INSTANCE_LABEL, ""))
