# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a managed node group: the wanted options, the comparison, the actions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    REMOVE_AND_RUN_AGAIN,
    Action,
    Found,
    ResourceError,
    Wanted,
    creation_failed,
    failure,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.actions import (
    CreateNodegroup,
    DeleteNodegroup,
    Taint,
    UpdateNodegroupConfig,
    UpdateNodegroupVersion,
    taint_parameters,
    taints_of,
)


@dataclass(frozen=True)
class WantedNodegroup(Wanted):
    cluster_name: str
    name: str
    node_role_arn: str | None = None
    subnet_ids: tuple[str, ...] | None = None
    scaling_config: dict[str, int] | None = None  # the mentioned ones of min_size, max_size, desired_size
    instance_types: tuple[str, ...] | None = None
    ami_type: str | None = None
    capacity_type: str | None = None
    disk_size: int | None = None
    launch_template: dict[str, str] | None = None
    labels: dict[str, str] | None = None
    taints: tuple[Taint, ...] | None = None
    update_config: dict[str, int] | None = None
    version: str | None = None
    release_version: str | None = None
    force_update: bool = False

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedNodegroup:
        converted: dict[str, Any] = {"taints": taints_of(params["taints"])}
        for key in ("scaling_config", "update_config", "launch_template"):
            if params[key] is not None:
                converted[key] = {name: value for name, value in params[key].items() if value is not None}
        for key in ("subnet_ids", "instance_types"):
            if params[key] is not None:
                converted[key] = tuple(params[key])
        if params["labels"] is not None:
            converted["labels"] = {str(key): str(value) for key, value in params["labels"].items()}
        return super().from_params({**params, **converted})


def nodegroup_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names. Lists without order are sorted."""
    scaling, template = found.get("scaling_config") or {}, found.get("launch_template") or {}
    return {
        "name": found.get("nodegroup_name"),
        "node_role_arn": found.get("node_role"),
        "subnet_ids": sorted(found.get("subnets") or []),
        "scaling_config": {key: scaling.get(key) for key in ("min_size", "max_size", "desired_size")},
        "instance_types": sorted(found.get("instance_types") or []),
        "ami_type": found.get("ami_type"),
        "capacity_type": found.get("capacity_type"),
        "disk_size": found.get("disk_size"),
        "launch_template": {key: template[key] for key in ("id", "name", "version") if template.get(key)} or None,
        "labels": found.get("labels") or {},
        "taints": taint_parameters(taints_of(found.get("taints") or []) or ()),
        "update_config": {
            key: value
            for key, value in (found.get("update_config") or {}).items()
            if key in ("max_unavailable", "max_unavailable_percentage") and value is not None
        },
        "version": found.get("version"),
        "release_version": found.get("release_version"),
        "tags": found.get("tags") or {},
    }


def creation(wanted: WantedNodegroup) -> CreateNodegroup:
    """The create call. Raises ResourceError when something that only the user can know is missing."""
    missing = [option for option in ("node_role_arn", "subnet_ids", "scaling_config") if not getattr(wanted, option)]
    if missing:
        raise ResourceError(f"node group {wanted.name} does not exist; to create it give {' and '.join(missing)}")
    scaling = wanted.scaling_config or {}
    smallest = scaling.get("min_size", scaling.get("desired_size", 1))
    desired = scaling.get("desired_size", smallest)
    largest = scaling.get("max_size", max(smallest, desired, 1))
    parameters: dict[str, Any] = {
        "nodeRole": wanted.node_role_arn,
        "subnets": sorted(wanted.subnet_ids or ()),
        "scalingConfig": {"minSize": smallest, "maxSize": largest, "desiredSize": desired},
        "instanceTypes": list(wanted.instance_types) if wanted.instance_types else None,
        "amiType": wanted.ami_type,
        "capacityType": wanted.capacity_type,
        "diskSize": wanted.disk_size,
        "launchTemplate": wanted.launch_template,
        "labels": wanted.labels or None,
        "taints": taint_parameters(wanted.taints) if wanted.taints else None,
        "updateConfig": UpdateNodegroupConfig(update_config=wanted.update_config or {}).request().get("updateConfig"),
        "version": wanted.version,
        "releaseVersion": wanted.release_version,
        "tags": wanted.tags,
    }
    return CreateNodegroup(wanted.name, {key: value for key, value in parameters.items() if value is not None})


def refuse_impossible(wanted: WantedNodegroup, current: dict[str, Any]) -> None:
    """Raise ResourceError naming what a node group keeps for life."""
    differing: list[tuple[str, Any, Any]] = []
    for option in ("subnet_ids", "instance_types"):
        want = getattr(wanted, option)
        if want is not None and sorted(set(want)) != current[option]:
            differing.append((option, current[option], sorted(set(want))))
    for option in ("node_role_arn", "ami_type", "capacity_type", "disk_size"):
        want = getattr(wanted, option)
        if want is not None and current[option] is not None and want != current[option]:
            differing.append((option, current[option], want))
    if wanted.launch_template is not None:
        has = current["launch_template"] or {}
        if any(key in wanted.launch_template and wanted.launch_template[key] != has.get(key) for key in ("id", "name")):
            differing.append(("launch_template", has or None, wanted.launch_template))
    if differing:
        fields = "; ".join(f"{option} is {is_now}, wanted {want}" for option, is_now, want in differing)
        raise ResourceError(
            f"node group {wanted.name}: EKS cannot change this on an existing node group: {fields}. Make a node group "
            "under another name with the new values, let the pods move there, then remove this one (state: absent).",
            immutable=[option for option, dummy, dummy2 in differing],
        )


def scaling_change(wanted: dict[str, int] | None, current: dict[str, int | None]) -> dict[str, int]:
    """The bounds that differ. The desired size belongs to the autoscaler: set only when the bounds leave it outside."""
    if wanted is None:
        return {}
    bounds: dict[str, int] = {}
    for key in ("min_size", "max_size"):
        if key in wanted and wanted[key] != current.get(key):
            bounds[key] = wanted[key]
    lower = wanted.get("min_size", current.get("min_size"))
    upper = wanted.get("max_size", current.get("max_size"))
    desired = current.get("desired_size")
    if desired is not None:
        inside = desired if lower is None else max(desired, lower)
        inside = inside if upper is None else min(inside, upper)
        if inside != desired:
            bounds["desired_size"] = inside
    return bounds


def plan_config(wanted: WantedNodegroup, current: dict[str, Any]) -> list[Action]:
    """Labels and taints are exact if set: others are removed."""
    labels, taints = current["labels"], set(taints_of(current["taints"]) or ())
    want_labels = labels if wanted.labels is None else wanted.labels
    want_taints = taints if wanted.taints is None else set(wanted.taints)
    # EKS identifies a taint by key and effect: another value is an update of the same taint.
    kept = {(key, effect) for key, dummy, effect in want_taints}
    updates = wanted.update_config if wanted.update_config and wanted.update_config != current["update_config"] else {}
    action = UpdateNodegroupConfig(
        set_labels={key: value for key, value in sorted(want_labels.items()) if labels.get(key) != value},
        remove_labels=tuple(sorted(set(labels) - set(want_labels))),
        set_taints=tuple(sorted(want_taints - taints)),
        remove_taints=tuple(sorted(taint for taint in taints if (taint[0], taint[2]) not in kept)),
        scaling=scaling_change(wanted.scaling_config, current["scaling_config"]),
        update_config=dict(updates or {}),
    )
    return [action] if action.request() else []


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: "1.33.4-20251016" as (1, 33, 4, 20251016); a hash ends them (Bottlerocket)."""
    numbers = []
    for part in re.split(r"[.-]", text):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def plan_version(wanted: WantedNodegroup, current: dict[str, Any]) -> list[Action]:
    """Up or sideways, never down: EKS cannot roll a node group back (API_UpdateNodegroupVersion)."""
    differing = []
    for option in ("version", "release_version"):
        want, have = getattr(wanted, option), current[option]
        if want is None or have is None or want == have:
            continue
        if _numbers(want) < _numbers(have):
            raise ResourceError(
                f"node group {wanted.name} runs {option} {have}; EKS cannot roll it back to {want}. "
                "Keep it, or make a node group under another name."
            )
        differing.append(option)
    template, has = wanted.launch_template or {}, current["launch_template"] or {}
    # $Latest and $Default are answered with a number: only numbers can be compared
    if template.get("version", "").isdigit() and template["version"] != has.get("version"):
        differing.append("launch_template")
        template = {**has, **template}
        if template.get("id"):
            template.pop("name", None)  # EKS takes one of the two
    if not differing:
        return []
    # what is not wanted otherwise stays; but a group of the user's own images is refused when a version is sent
    version = wanted.version or current["version"]
    if current["ami_type"] == "CUSTOM" and "version" not in differing:
        version = None
    return [
        UpdateNodegroupVersion(
            tuple(differing),
            version=version,
            release_version=wanted.release_version,
            launch_template=template if "launch_template" in differing else None,
            force=wanted.force_update,
        )
    ]


def plan(wanted: WantedNodegroup, found: Found) -> list[Action]:
    """The actions from found to wanted."""
    if wanted.state == "absent":
        return [] if found is None else [DeleteNodegroup(wanted.name)]
    if found is None:
        return [creation(wanted)]
    if found.get("status") == "CREATE_FAILED":
        # it never had a usable node and EKS does not try again by itself
        return [DeleteNodegroup(wanted.name, creation_failed(found)), creation(wanted)]
    if found.get("status") == "DELETE_FAILED":
        raise failure(f"node group {wanted.name}", found, REMOVE_AND_RUN_AGAIN)
    current = nodegroup_view(found)
    refuse_impossible(wanted, current)
    return plan_tags(wanted, current) + plan_config(wanted, current) + plan_version(wanted, current)
