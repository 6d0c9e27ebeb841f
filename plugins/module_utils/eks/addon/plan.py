# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of an EKS add-on: the wanted options, the comparison, the actions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

try:
    import yaml
except ImportError:  # JSON needs no PyYAML
    yaml = None

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
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.actions import (
    CreateAddon,
    DeleteAddon,
    UpdateAddon,
)


def parsed(values: str | None) -> Any:
    """Configuration values as data: JSON or YAML, so that only meaning is compared. {} for nothing."""
    if not values or not values.strip():
        return {}
    try:
        return json.loads(values)
    except ValueError as json_error:
        if yaml is None:
            raise ResourceError("configuration_values is no JSON, and to read YAML PyYAML is missing") from json_error
    try:
        return yaml.safe_load(values) or {}
    except yaml.YAMLError as error:
        raise ResourceError(f"configuration_values is neither JSON nor YAML: {error}") from error


def as_json(values: str | None) -> str | None:
    """The same configuration as JSON, which every version of the EKS API takes. None stays None."""
    return None if values is None else json.dumps(parsed(values), sort_keys=True)


@dataclass(frozen=True)
class WantedAddon(Wanted):
    cluster_name: str
    name: str
    version: str | None = None
    configuration_values: str | None = None
    service_account_role_arn: str | None = None
    pod_identity_associations: frozenset[tuple[str, str]] | None = None  # (service account, role ARN)
    resolve_conflicts: str = "none"
    preserve: bool = False

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedAddon:
        pods = params["pod_identity_associations"]
        if pods is not None:
            pods = frozenset((pod["service_account"], pod["role_arn"]) for pod in pods)
        return super().from_params({**params, "pod_identity_associations": pods})


def _pods(associations: frozenset[tuple[str, str]] | None) -> list[dict[str, str]] | None:
    if associations is None:
        return None
    return [{"serviceAccount": account, "roleArn": role} for account, role in sorted(associations)]


def addon_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names."""
    pods = found.get("pod_identity_associations") or []
    return {
        "name": found.get("addon_name"),
        "version": found.get("addon_version"),
        "configuration_values": parsed(found.get("configuration_values")),
        "service_account_role_arn": found.get("service_account_role_arn"),
        "pod_identity_associations": sorted(
            ({"service_account": pod["service_account"], "role_arn": pod["role_arn"]} for pod in pods),
            key=lambda pod: pod["service_account"],
        ),
        "tags": found.get("tags") or {},
    }


def _parameters(wanted: WantedAddon) -> dict[str, Any]:
    """What is mentioned, in AWS's names."""
    parameters: dict[str, Any] = {
        "addonVersion": wanted.version,
        "configurationValues": as_json(wanted.configuration_values),
        "serviceAccountRoleArn": wanted.service_account_role_arn,
        "podIdentityAssociations": _pods(wanted.pod_identity_associations),
        "resolveConflicts": wanted.resolve_conflicts.upper(),
    }
    return {key: value for key, value in parameters.items() if value is not None}


def creation(wanted: WantedAddon) -> CreateAddon:
    parameters = _parameters(wanted)
    if wanted.tags:
        parameters["tags"] = wanted.tags
    return CreateAddon(wanted.name, parameters)


def differences(wanted: WantedAddon, current: dict[str, Any]) -> tuple[str, ...]:
    """The mentioned options that differ."""
    differing = []
    if wanted.version is not None and wanted.version != current["version"]:
        differing.append("version")
    values = wanted.configuration_values
    if values is not None and parsed(values) != current["configuration_values"]:
        differing.append("configuration_values")
    role = wanted.service_account_role_arn
    if role is not None and role != (current["service_account_role_arn"] or ""):
        differing.append("service_account_role_arn")
    has = {(pod["service_account"], pod["role_arn"]) for pod in current["pod_identity_associations"]}
    if wanted.pod_identity_associations is not None and wanted.pod_identity_associations != has:
        differing.append("pod_identity_associations")
    return tuple(differing)


def plan(wanted: WantedAddon, found: Found) -> list[Action]:
    """The actions from found to wanted."""
    if wanted.state == "absent":
        return [] if found is None else [DeleteAddon(wanted.name, preserve=wanted.preserve)]
    parsed(wanted.configuration_values)
    if found is None:
        return [creation(wanted)]
    if found.get("status") == "CREATE_FAILED":
        # preserve: what of it runs in the cluster is not torn down, the new create takes it over
        return [DeleteAddon(wanted.name, creation_failed(found), preserve=True), creation(wanted)]
    if found.get("status") == "DELETE_FAILED":
        raise failure(f"add-on {wanted.name}", found, REMOVE_AND_RUN_AGAIN)
    current = addon_view(found)
    actions = plan_tags(wanted, current)
    differing = differences(wanted, current)
    if not differing and found.get("status") == "UPDATE_FAILED":
        differing = ("the update before failed",)
    if differing:
        parameters = _parameters(wanted)
        # Unset options are sent unchanged: an update without the role would fall back to the role of the node.
        kept = {
            "configurationValues": found.get("configuration_values"),
            "serviceAccountRoleArn": found.get("service_account_role_arn"),
        }
        parameters.update({key: value for key, value in kept.items() if value and key not in parameters})
        actions.append(UpdateAddon(wanted.name, parameters, differing))
    return actions
