# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the manifests of the applications are made from: their settings, and what they have in common. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils._application_settings import ApplicationError, Settings
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown

__all__ = ["ExternalSecret", "Ingress", "Migration", "Settings", "Shared", "number"]


@dataclass(frozen=True)
class Ingress:
    """What all Ingresses of one load balancer have in common: its annotations must not differ between them."""

    class_name: str
    scheme: str
    group_name: str
    certificate_arn: str
    ssl_policy: str
    health_check: Mapping[str, Any]
    deregistration_delay_seconds: int
    idle_timeout_seconds: int
    load_balancer_attributes: Mapping[str, Any]
    security_group_ids: Sequence[str]
    subnet_ids: Sequence[str]
    manage_backend_security_group_rules: bool
    external_dns: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ExternalSecret:
    """Which keys of which stored secrets make the Secret that the applications read."""

    enabled: bool
    store: str
    store_kind: str
    refresh_interval: str
    creation_policy: str
    deletion_policy: str
    force_sync: str
    data: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Migration:
    """The Job that brings the schema to what the image expects, before any pod of the image starts."""

    enabled: bool
    name: str
    args: Sequence[str]
    backoff_limit: int
    active_deadline_seconds: int
    resources: Mapping[str, Any]


@dataclass(frozen=True)
class Shared:
    """What the applications of one namespace have in common."""

    namespace: str
    part_of: str
    image: str
    version: str
    environment: Mapping[str, Any]
    secret_name: str
    secret_version: str
    ca_certificates: str
    data_cidrs: Sequence[str]
    data_ports: Sequence[int | str]
    client_cidrs: Sequence[str]
    metrics_namespaces: Sequence[str]
    namespace_labels: Mapping[str, str]
    priority_classes: Sequence[Mapping[str, Any]]
    ingress: Ingress
    external_secret: ExternalSecret
    migration: Migration
    ca_config_map: str = "flask-ca"

    @classmethod
    def read(cls, settings: Settings, known: Mapping[str, Any]) -> Shared:
        """From the complete settings, and what only the run knows (roles/flask_app/vars/main.yml)."""
        return cls(
            **{
                **known,
                "ingress": Ingress(**settings["ingress"], **known["ingress"]),
                "external_secret": ExternalSecret(**settings["external_secret"], **known["external_secret"]),
                "migration": Migration(**settings["migration"]),
            }
        )


def number(value: Any, where: str) -> int | str:
    """A number, or the placeholder of a plan for one that only the real run will know."""
    if is_unknown(value):
        return str(value)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ApplicationError(f"{where} must be a number, not {value!r}") from error
