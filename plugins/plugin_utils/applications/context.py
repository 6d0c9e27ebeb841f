# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the manifests are made from: an application's settings, and what the applications of a namespace share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown

from .data_stores import environment, secret_data
from .errors import ApplicationError
from .images import Image, image_of
from .releases import Release
from .replicas import Running
from .schema import Options, convert, merged

Settings = dict[str, Any]
Manifest = dict[str, Any]

_TEXTS = {"type": "list", "elements": "str"}
_PAIRS = {"type": "dict"}
TYPES: Options = {
    "client_cidrs": _TEXTS,
    "data_cidrs": _TEXTS,
    "metrics_namespaces": _TEXTS,
    "environment": _PAIRS,
    "namespace_labels": _PAIRS,
    "ingress": {
        "type": "dict",
        "options": {"certificate_arn": {"type": "str"}, "security_group_ids": _TEXTS, "subnet_ids": _TEXTS},
    },
}
"""Variables that may be given as text (`-e flask_app_client_cidrs=10.0.0.0/8`) and are no text."""

SHARED_INSTANCE = "shared"
"""Label app.kubernetes.io/instance of objects that belong to no single application."""


@dataclass(frozen=True)
class Ingress:
    """What all Ingresses of one load balancer share: the controller wants the same annotations on each of them."""

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
    """Where the values of the Secrets come from, and the keys of the shared one."""

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
    """A Job that brings a schema to what an image expects, before any pod of the image starts."""

    enabled: bool
    args: Sequence[str]
    backoff_limit: int
    active_deadline_seconds: int
    resources: Mapping[str, Any]
    name: str = ""


@dataclass(frozen=True)
class Shared:
    """What the applications of one namespace have in common."""

    namespace: str
    part_of: str
    image: Image
    environment: Mapping[str, Any]
    secret_name: str
    secret_versions: Mapping[str, str]
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

    @classmethod
    def read(cls, settings: Settings, known: Mapping[str, Any]) -> Shared:
        """From the complete settings, and what only the run knows (__flask_app_known in roles/flask_app/vars)."""
        converted, problems = convert({name: known[name] for name in TYPES}, TYPES)
        if problems:
            raise ApplicationError(*(f"flask_app: {problem}" for problem in problems))
        known = {**known, **converted}
        secret = {**known["external_secret"]}
        data = [*secret_data(secret.pop("names")), *settings["secret_data"]]
        variables = merged(environment(known["data_stores"], known["ca_certificates"]), known["environment"])
        plain = {key: value for key, value in known.items() if key != "data_stores"}
        return cls(
            **{
                **plain,
                "environment": variables,
                "secret_name": settings["secret_name"],
                "priority_classes": settings["priority_classes"],
                # The inventory may write the tag as a number.
                "image": Image(**{name: str(value) for name, value in known["image"].items()}),
                "ingress": Ingress(**settings["ingress"], **known["ingress"]),
                "external_secret": ExternalSecret(**settings["external_secret"], **secret, data=data),
                "migration": Migration(**settings["migration"]),
            }
        )


@dataclass(frozen=True)
class Application:
    """One application, or a migration Job, which has pods of the same shape.

    Attributes:
        name: Label app.kubernetes.io/name, and the name of its objects.
        instance: Label app.kubernetes.io/instance: the application that the object belongs to.
        secret_name: The Secret that its pods take as environment; empty for none.
        running: Deployments that run now, by name.
    """

    name: str
    instance: str
    settings: Settings
    shared: Shared
    image: Image
    secret_name: str
    release: Release = field(default_factory=Release)
    running: Mapping[str, Running] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings, shared: Shared, release: Release, running: Mapping[str, Running]) -> Application:
        """From the complete settings of one application."""
        name, secret = settings["name"], settings["secret"]
        secret_name = "" if not secret["enabled"] else own_secret_name(name) if secret["own"] else shared.secret_name
        image = image_of(settings["image"], shared.image)
        return cls(name, name, settings, shared, image, secret_name, release, running)


def own_secret_name(application: str) -> str:
    """Name of the Secret of an application that has one of its own."""
    return f"{application}-secret"


def migration_name(application: str) -> str:
    """First part of the name of an application's own migration Job, and name of its ServiceAccount."""
    return f"{application}-migrate"


def number(value: Any, where: str) -> int | str:
    """A number, or the placeholder of a plan for one that only the real run will know."""
    if is_unknown(value):
        return str(value)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ApplicationError(f"{where} must be a number, not {value!r}; correct it") from error
