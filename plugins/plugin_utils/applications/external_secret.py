# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ExternalSecrets: the operator makes a Secret from values that are stored in AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .context import Application, Manifest, Shared
from .errors import ApplicationError
from .metadata import labels, make_object, shared_labels


def shared_external_secret(shared: Shared) -> Manifest:
    """The Secret that the applications share."""
    return _external_secret(
        shared.secret_name, shared, shared_labels(shared, shared.secret_name), shared.external_secret.data
    )


def own_external_secret(app: Application) -> Manifest:
    """A Secret that holds only what one application uses.

    Raises:
        ApplicationError: when it asks for a key that the shared Secret does not have.
    """
    wanted, shared = app.settings["secret"], app.shared
    known = {item["key"]: item for item in shared.external_secret.data}
    missing = [key for key in wanted["keys"] if key not in known]
    if missing:
        raise ApplicationError(
            f"flask_app_applications: {app.name}: secret.keys names {', '.join(missing)}, which the shared Secret does "
            f"not have; use {', '.join(sorted(known))}, or give the value in secret.data"
        )
    data = [*(known[key] for key in wanted["keys"]), *wanted["data"]]
    return _external_secret(app.secret_name, shared, labels(app), data)


def _external_secret(
    name: str, shared: Shared, all_labels: dict[str, str], data: Iterable[Mapping[str, str]]
) -> Manifest:
    secret = shared.external_secret
    spec = {
        "refreshInterval": secret.refresh_interval,
        "secretStoreRef": {"kind": secret.store_kind, "name": secret.store},
        "target": {
            "name": name,
            "creationPolicy": secret.creation_policy,
            "deletionPolicy": secret.deletion_policy,
        },
        "data": [{"secretKey": item["key"], "remoteRef": _remote(item)} for item in data],
    }
    made = make_object("ExternalSecret", name, shared, all_labels, spec=spec)
    if secret.force_sync:
        made["metadata"]["annotations"] = {"force-sync": secret.force_sync}
    return made


def _remote(item: Mapping[str, str]) -> dict[str, str]:
    remote = {"key": item["secret"]}
    return {**remote, "property": item["property"]} if item.get("property") else remote
