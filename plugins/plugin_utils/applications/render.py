# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of contents: which objects a namespace holds, and which an application has."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence

from .config_map import ca_config_map, config_map
from .context import Application, Manifest, Migration, Settings, Shared
from .deployment import deployment
from .external_secret import own_external_secret, shared_external_secret
from .horizontal_pod_autoscaler import horizontal_pod_autoscaler
from .ingress import ingress
from .job import job, own_migration, shared_migration
from .kinds import kind_of
from .namespace import namespace
from .network_policy import network_policy
from .pod_disruption_budget import pod_disruption_budget
from .priority_class import priority_class
from .rbac import role, role_binding
from .releases import Release
from .replicas import Running
from .service import service
from .service_account import service_account


def render(
    applications: Sequence[Settings],
    shared: Shared,
    releases: Mapping[str, Release] | None = None,
    running: Mapping[str, Running] | None = None,
) -> list[Manifest]:
    """Everything that the namespace should hold, in an order in which it can be created.

    Args:
        applications: Complete settings of the applications.
        shared: What they share.
        releases: The release of each application by name (read_releases); one that is missing is a first release.
        running: The Deployments that run now by name (running_deployments).

    Raises:
        ApplicationError: for an object of a kind that nothing would apply, and for settings that cannot be rendered.
    """
    made = list(shared_objects(shared))
    for settings in applications:
        if settings["enabled"]:
            release = (releases or {}).get(settings["name"]) or Release(settings["strategy"]["type"])
            made += application_objects(Application.read(settings, shared, release, running or {}))
    for item in made:
        kind_of(item)
    # No object shares a part with another one: a later change reaches one object only, and YAML writes no anchors.
    return [copy.deepcopy(item) for item in made]


def shared_objects(shared: Shared) -> Iterator[Manifest]:
    """What the applications share."""
    yield namespace(shared)
    for values in shared.priority_classes:
        yield priority_class(values)
    if shared.ca_certificates:
        yield ca_config_map(shared)
    if shared.external_secret.enabled:
        yield shared_external_secret(shared)
    if shared.migration.enabled:
        yield from migration_objects(shared_migration(shared), shared.migration)


def application_objects(app: Application) -> Iterator[Manifest]:
    """What one application has."""
    settings = app.settings
    yield service_account(app)
    yield config_map(app)
    if settings["rbac"]["enabled"]:
        yield role(app)
        yield role_binding(app)
    if settings["network_policy"]["enabled"]:
        yield network_policy(app)
    if settings["secret"]["enabled"] and settings["secret"]["own"] and app.shared.external_secret.enabled:
        yield own_external_secret(app)
    if settings["migration"]["enabled"]:
        yield from migration_objects(own_migration(app), Migration(**settings["migration"]))
    if settings["service"]["enabled"]:
        yield service(app)
    if settings["ingress"]["enabled"]:
        yield ingress(app)
    yield deployment(app, app.release.active_slot)
    if settings["autoscaling"]["enabled"]:
        yield horizontal_pod_autoscaler(app)
    if settings["disruption_budget"]["enabled"]:
        yield pod_disruption_budget(app)


def migration_objects(pods: Application, migration: Migration) -> Iterator[Manifest]:
    """A migration Job and what its pods need."""
    yield service_account(pods)
    yield config_map(pods)
    if pods.settings["network_policy"]["enabled"]:
        yield network_policy(pods)
    yield job(pods, migration)
