# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ConfigMaps that pods read. A hash of the content is part of the name.

A pod that restarts during a release so finds the settings that it started with, and reports the version that it runs.
"""

from __future__ import annotations

from .context import Application, Manifest, Shared
from .data_stores import CA_FILE
from .metadata import hashed, labels, make_object, shared_labels

CA_NAME = "flask-ca"


def config_map(app: Application) -> Manifest:
    """The environment of an application."""
    made = make_object("ConfigMap", config_map_name(app), app.shared, labels(app), data=environment(app))
    return {**made, "immutable": True}


def config_map_name(app: Application) -> str:
    """Name of the ConfigMap with the environment of an application."""
    return hashed(f"{app.name}-config", environment(app))


def ca_config_map(shared: Shared) -> Manifest:
    """The certificate authorities of the data stores."""
    name, all_labels = ca_config_map_name(shared), shared_labels(shared, CA_NAME)
    made = make_object("ConfigMap", name, shared, all_labels, data={CA_FILE: shared.ca_certificates})
    return {**made, "immutable": True}


def ca_config_map_name(shared: Shared) -> str:
    """Name of the ConfigMap with the certificate authorities."""
    return hashed(CA_NAME, shared.ca_certificates)


def environment(app: Application) -> dict[str, str]:
    """The variables that are not secret. Environment variables are text: true is written `true`."""
    ports = {"PORT": app.settings["ports"]["http"], "METRICS_PORT": app.settings["ports"]["metrics"]}
    values = {
        "APP_VERSION": app.image.version,
        **{name: port for name, port in ports.items() if port},
        **app.shared.environment,
        **app.settings["environment"],
    }
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
