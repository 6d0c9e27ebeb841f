# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Service of an application. An Ingress names it, so its name never changes."""

from __future__ import annotations

from .context import Application, Manifest
from .metadata import labels, make_object, selector


def service(app: Application) -> Manifest:
    """Selects the pods of the slot that serves."""
    wanted = app.settings["service"]
    port: Manifest = {"name": "http", "port": wanted["port"], "targetPort": "http", "protocol": "TCP"}
    if wanted["node_port"]:
        port["nodePort"] = wanted["node_port"]
    spec = {"type": wanted["type"], "selector": selector(app, app.release.service_slot), "ports": [port]}
    made = make_object("Service", app.name, app.shared, labels(app), spec=spec)
    if wanted["annotations"]:
        made["metadata"]["annotations"] = dict(wanted["annotations"])
    return made
