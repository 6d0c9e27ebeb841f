# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Migration Jobs: the shared one, and those of applications that have their own."""

from __future__ import annotations

from .context import SHARED_INSTANCE, Application, Manifest, Migration, Settings, Shared, migration_name
from .metadata import hashed, make_object, versioned_labels
from .pod_template import pod_template

# A Job serves no requests: no probes, no ports, no sleep before it stops, no spreading.
QUIET: Settings = {
    "command": [],
    "ports": {"http": 0, "metrics": 0},
    "probes": {},
    "pre_stop_sleep_seconds": 0,
    "drain_seconds": 20,
    "priority_class": "",
    "spread": {"zones": "", "nodes": False},
    "service": {"enabled": False},
    "ingress": {"enabled": False},
}


def shared_migration(shared: Shared) -> Application:
    """What the shared migration runs: the shared image with the shared environment and Secret."""
    settings: Settings = {
        **QUIET,
        "args": list(shared.migration.args),
        "resources": dict(shared.migration.resources),
        "image": {"pull_policy": "Always"},
        "environment": {},
        "temporary_storage": "64Mi",
        "service_account": {"annotations": {}, "automount_token": False},
        "pod_annotations": {},
        "pod_labels": {},
        "network_policy": {"enabled": True, "client_cidrs": [], "egress": []},
    }
    return Application(shared.migration.name, SHARED_INSTANCE, settings, shared, shared.image, shared.secret_name)


def own_migration(app: Application) -> Application:
    """What an application's own migration runs: its image with its environment and Secret."""
    wanted = app.settings["migration"]
    settings = {**app.settings, **QUIET, "args": list(wanted["args"]), "resources": dict(wanted["resources"])}
    return Application(migration_name(app.name), app.name, settings, app.shared, app.image, app.secret_name)


def job(pods: Application, migration: Migration) -> Manifest:
    """A Job that is named after everything that it does: a changed one is a new one, and none runs twice."""
    pod = pod_template(pods)
    pod["spec"]["restartPolicy"] = "Never"
    spec = {
        "backoffLimit": migration.backoff_limit,
        "activeDeadlineSeconds": migration.active_deadline_seconds,
        "template": pod,
    }
    return make_object("Job", hashed(pods.name, pod, length=10), pods.shared, versioned_labels(pods), spec=spec)
