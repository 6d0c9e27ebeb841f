# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Role and the RoleBinding of an application's ServiceAccount."""

from __future__ import annotations

from .context import Application, Manifest
from .metadata import labels, make_object

GROUP = "rbac.authorization.k8s.io"


def role(app: Application) -> Manifest:
    """The permissions in the namespace."""
    return make_object("Role", app.name, app.shared, labels(app), rules=app.settings["rbac"]["rules"])


def role_binding(app: Application) -> Manifest:
    """Gives the Role to the ServiceAccount."""
    return make_object(
        "RoleBinding",
        app.name,
        app.shared,
        labels(app),
        subjects=[{"kind": "ServiceAccount", "name": app.name, "namespace": app.shared.namespace}],
        roleRef={"apiGroup": GROUP, "kind": "Role", "name": app.name},
    )
