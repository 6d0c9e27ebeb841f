# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ServiceAccount of an application."""

from __future__ import annotations

from .context import Application, Manifest
from .metadata import labels, make_object


def service_account(app: Application) -> Manifest:
    """Without a token unless the application asks for one."""
    made = make_object("ServiceAccount", app.name, app.shared, labels(app))
    wanted = app.settings["service_account"]
    made["automountServiceAccountToken"] = wanted["automount_token"]
    if wanted["annotations"]:
        made["metadata"]["annotations"] = dict(wanted["annotations"])
    return made
