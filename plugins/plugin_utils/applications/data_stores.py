# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the image of this project finds its database and its cache: environment variables and keys of the Secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CA_FOLDER = "/etc/flask-app/ca"
CA_FILE = "ca.crt"
# RDS says postgres, the image postgresql.
ENGINES = {"postgres": "postgresql"}
SECRET_SOURCES = {
    "DATABASE_USER": ("database", "username"),
    "DATABASE_PASSWORD": ("database", "password"),
    "REDIS_PASSWORD": ("cache", "password"),
    "SECRET_KEY": ("application", "secret_key"),
}
"""Keys of the shared Secret: which of flask_app_secret_names holds the value, and under which property."""


def environment(known: Mapping[str, Any], ca_certificates: str) -> dict[str, Any]:
    """The variables of all applications that are not secret.

    Args:
        known: `database` and `cache` (host, port and the like), `database_tls`, `cache_tls`, `cache_private_ca`.
        ca_certificates: PEM certificates of private authorities; may be empty.
    """
    database, cache, ca_file = known["database"], known["cache"], f"{CA_FOLDER}/{CA_FILE}"
    values = {
        "DATABASE_ENGINE": ENGINES.get(database["engine"], database["engine"]),
        "DATABASE_HOST": database["host"],
        "DATABASE_PORT": database["port"],
        "DATABASE_NAME": database["name"],
        "DATABASE_TLS": known["database_tls"],
        "REDIS_HOST": cache["host"],
        "REDIS_PORT": cache["port"],
        "REDIS_TLS": known["cache_tls"],
    }
    if ca_certificates and known["database_tls"] == "verify":
        values["DATABASE_CA_FILE"] = ca_file
    if ca_certificates and known["cache_private_ca"]:
        values["REDIS_CA_FILE"] = ca_file
    return values


def secret_data(names: Mapping[str, str]) -> list[dict[str, str]]:
    """The values of the shared Secret, as flask_app_secret_data writes them."""
    return [{"key": key, "secret": names[name], "property": value} for key, (name, value) in SECRET_SOURCES.items()]
