# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings, manifests and pruning of a list of applications, for roles/flask_app."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import kinds, pruning
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import releases as release_states
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import replicas as replica_numbers
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.context import Manifest, Settings, Shared
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.errors import ApplicationError
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.metadata import INSTANCE_LABEL
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.render import render
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.schema import read_options
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.settings import resolve
from ansible_collections.flaskops.eks.plugins.plugin_utils.plain import plain


def application_settings(given: Mapping[str, Any], specs: str) -> Settings:
    """Complete settings from the role's variables.

    Args:
        given: The role's variables without their prefix (settings.resolve).
        specs: Path of the role's argument_specs.yml, which is the schema.

    Raises:
        AnsibleFilterError: names every variable and key that is wrong.
    """
    try:
        return resolve(plain(given), read_options(str(specs)))
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error


def application_problems(given: Mapping[str, Any], specs: str) -> list[str]:
    """What `application_settings` would refuse, one sentence a problem."""
    try:
        resolve(plain(given), read_options(str(specs)))
    except ApplicationError as error:
        return [f"{problem}." for problem in error.problems]
    return []


def application_manifests(
    settings: Settings,
    known: Mapping[str, Any],
    releases: Mapping[str, Mapping[str, str]] | None = None,
    running: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Manifest]:
    """The manifests of a list of applications as plain data, in an order in which they can be created.

    Args:
        settings: Complete settings (`application_settings`).
        known: What only the run knows of the applications (context.Shared).
        releases: The release of each application by name (`application_releases`).
        running: The Deployments that run now by name (`running_deployments`).

    Raises:
        AnsibleFilterError: for an object of a kind that is not in the table, and for a port that is not a number.
    """
    complete = plain(settings)
    states = {name: release_states.Release(**plain(values)) for name, values in (releases or {}).items()}
    numbers = {name: replica_numbers.Running(**plain(values)) for name, values in (running or {}).items()}
    try:
        return render(complete["applications"], Shared.read(complete, plain(known)), states, numbers)
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error


def application_releases(settings: Settings, found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """The release of each application before a deployment: strategy, active_slot, service_slot.

    Args:
        settings: Complete settings (`application_settings`).
        found: Services and Deployments of the namespace as the cluster has them.
    """
    states = release_states.read_releases(plain(settings)["applications"], plain(list(found)))
    return {name: dataclasses.asdict(state) for name, state in states.items()}


def running_deployments(found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Deployments by name: replicas, and whether our field manager owns the number. Needs metadata.managedFields."""
    return {
        name: dataclasses.asdict(state)
        for name, state in replica_numbers.running_deployments(plain(list(found))).items()
    }


def in_phase(
    manifests: Iterable[Mapping[str, Any]], phase: str, application: str | None = None
) -> list[Mapping[str, Any]]:
    """The manifests that a phase applies, all or those of one application (`shared` for what none has alone)."""
    try:
        made = kinds.in_phase(manifests, phase)
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error
    if application is None:
        return made
    return [item for item in made if (item["metadata"].get("labels") or {}).get(INSTANCE_LABEL) == application]


def owned_kinds(phases: Iterable[str] = kinds.PHASES) -> list[dict[str, str]]:
    """Kinds of which applications own objects, in the order in which they are applied: kind and api_version."""
    chosen = set(phases)
    return [
        {"kind": kind.name, "api_version": kind.api_version} for kind in kinds.owned_kinds() if kind.phase in chosen
    ]


def unwanted_objects(
    found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]], part_of: str
) -> list[Mapping[str, Any]]:
    """The objects of a namespace that are ours and that no manifest wants (pruning.unwanted)."""
    return pruning.unwanted(plain(list(found)), plain(list(wanted)), str(part_of))


def unused_config_maps(
    found: Iterable[Mapping[str, Any]],
    workloads: Iterable[Mapping[str, Any]],
    part_of: str,
    kept: Iterable[str] = (),
) -> list[Mapping[str, Any]]:
    """The ConfigMaps of a namespace that are ours and that no workload and no release history names."""
    return pruning.unused_config_maps(plain(list(found)), plain(list(workloads)), list(kept), str(part_of))


def stored_secrets(
    data: Iterable[Mapping[str, Any]], defaults: Mapping[str, Any], applications: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Names of the stored secrets that the Secrets of the applications take values from, besides the role's own.

    Args:
        data: flask_app_secret_data.
        defaults: flask_app_defaults.
        applications: flask_app_applications.
    """
    own = [(entry.get("secret") or {}).get("data") or [] for entry in (defaults, *applications)]
    return sorted({str(item["secret"]) for items in (data, *own) for item in items})


def secret_versions(secrets: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A digest of what each Secret holds, by name. The operator writes it as an annotation."""
    digests = {
        item["metadata"]["name"]: (item["metadata"].get("annotations") or {}).get(
            "reconcile.external-secrets.io/data-hash"
        )
        for item in secrets
    }
    return {str(name): str(digest) for name, digest in digests.items() if digest}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "application_manifests": application_manifests,
            "application_problems": application_problems,
            "application_releases": application_releases,
            "application_settings": application_settings,
            "in_phase": in_phase,
            "owned_kinds": owned_kinds,
            "running_deployments": running_deployments,
            "secret_versions": secret_versions,
            "stored_secrets": stored_secrets,
            "unused_config_maps": unused_config_maps,
            "unwanted_objects": unwanted_objects,
        }
