# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that EKS offers on a node group, each with its call, text and prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ApiAction, DeleteAction, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksCreate
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

Taint = tuple[str, str, str]  # key, value, effect


def taints_of(entries: list[dict[str, Any]] | None) -> tuple[Taint, ...] | None:
    """Taints without order; None stays None. EKS leaves an empty value out."""
    if entries is None:
        return None
    return tuple(sorted((taint["key"], taint.get("value") or "", taint["effect"]) for taint in entries))


def taint_parameters(taints: tuple[Taint, ...]) -> list[dict[str, str]]:
    return [{"key": key, "value": value, "effect": effect} for key, value, effect in taints]


class CreateNodegroup(EksCreate):
    operation: ClassVar[str] = "create_nodegroup"

    def __str__(self) -> str:
        scaling = self.parameters["scalingConfig"]
        return f"create node group {self.name} ({scaling['minSize']} to {scaling['maxSize']} nodes)"

    def predict(self, found: Found) -> Found:
        defaults = {
            **dict.fromkeys(("version", "release_version", "ami_type"), UNKNOWN),
            "capacity_type": "ON_DEMAND",
            "update_config": {"max_unavailable": 1},
        }
        return {**defaults, **self.described(), "nodegroup_name": self.name, "status": "ACTIVE"}


class DeleteNodegroup(DeleteAction):
    kind: ClassVar[str] = "node group"
    operation: ClassVar[str] = "delete_nodegroup"


@dataclass(frozen=True)
class UpdateNodegroupConfig(ApiAction):
    """Everything that EKS changes without replacing a node, in one update."""

    set_labels: dict[str, str] = field(default_factory=dict)
    remove_labels: tuple[str, ...] = ()
    set_taints: tuple[Taint, ...] = ()
    remove_taints: tuple[Taint, ...] = ()
    scaling: dict[str, int] = field(default_factory=dict)
    update_config: dict[str, int] = field(default_factory=dict)
    operation: ClassVar[str] = "update_nodegroup_config"

    def __str__(self) -> str:
        parts = [f"set label {key}={value}" for key, value in sorted(self.set_labels.items())]
        parts += [f"remove label {key}" for key in self.remove_labels]
        parts += [f"set taint {key}={value}:{effect}" for key, value, effect in self.set_taints]
        parts += [f"remove taint {key}={value}:{effect}" for key, value, effect in self.remove_taints]
        parts += [f"set {key} to {value}" for key, value in {**self.scaling, **self.update_config}.items()]
        return "; ".join(parts)

    def request(self) -> dict[str, Any]:
        camel = {
            "min_size": "minSize",
            "max_size": "maxSize",
            "desired_size": "desiredSize",
            "max_unavailable": "maxUnavailable",
            "max_unavailable_percentage": "maxUnavailablePercentage",
        }
        labels = {"addOrUpdateLabels": self.set_labels, "removeLabels": list(self.remove_labels)}
        taints = {
            "addOrUpdateTaints": taint_parameters(self.set_taints),
            "removeTaints": taint_parameters(self.remove_taints),
        }
        request = {
            "labels": {key: value for key, value in labels.items() if value},
            "taints": {key: value for key, value in taints.items() if value},
            "scalingConfig": {camel[key]: value for key, value in self.scaling.items()},
            "updateConfig": {camel[key]: value for key, value in self.update_config.items()},
        }
        return {key: value for key, value in request.items() if value}

    def predict(self, found: Found) -> Found:
        before = found or {}
        labels = {key: value for key, value in (before.get("labels") or {}).items() if key not in self.remove_labels}
        gone = {(key, effect) for key, dummy, effect in self.set_taints + self.remove_taints}
        taints = [taint for taint in taints_of(before.get("taints") or []) or () if (taint[0], taint[2]) not in gone]
        return changed_copy(
            found,
            labels={**labels, **self.set_labels},
            taints=taint_parameters(tuple(taints) + self.set_taints),
            scaling_config={**(before.get("scaling_config") or {}), **self.scaling},
            update_config=dict(self.update_config) if self.update_config else before.get("update_config"),
        )


@dataclass(frozen=True)
class UpdateNodegroupVersion(ApiAction):
    """Replace every node. `differing`: the options that made it necessary; the others are sent to stay as they are.

    Without a version EKS takes the cluster's, without a release the latest one of that version.
    https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateNodegroupVersion.html
    """

    differing: tuple[str, ...]
    version: str | None = None
    release_version: str | None = None
    launch_template: dict[str, str] | None = None
    force: bool = False
    operation: ClassVar[str] = "update_nodegroup_version"

    def __str__(self) -> str:
        words = {
            "version": f"Kubernetes {self.version}",
            "release_version": f"AMI release {self.release_version}",
            "launch_template": f"launch template version {(self.launch_template or {}).get('version')}",
        }
        return "replace the nodes: " + ", ".join(words[option] for option in self.differing)

    def request(self) -> dict[str, Any]:
        request = {
            "version": self.version,
            "releaseVersion": self.release_version,
            "launchTemplate": self.launch_template,
            "force": self.force or None,
        }
        return {key: value for key, value in request.items() if value is not None}

    def predict(self, found: Found) -> Found:
        changes: dict[str, Any] = {"release_version": self.release_version or UNKNOWN}
        if self.version:
            changes["version"] = self.version
        if self.launch_template:
            changes["launch_template"] = {**((found or {}).get("launch_template") or {}), **self.launch_template}
        return changed_copy(found, **changes)
