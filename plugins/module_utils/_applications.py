"""From the inventory's list of applications to complete, checked settings. Pure.

Three layers are merged for each application: the role's baseline, the defaults that the inventory shares over all
applications, and the application's own entry. Dictionaries are merged key by key, lists and plain values replace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

Settings = dict[str, Any]

# Dictionaries whose keys belong to Kubernetes or to the application, not to us.
FREE = frozenset(
    {
        "environment",
        "pod_annotations",
        "pod_labels",
        "ingress.annotations",
        "resources.requests",
        "resources.limits",
        "service.annotations",
        "service_account.annotations",
    }
)
NAME = re.compile(r"^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$")
UNKNOWN = "(known after apply)"


class ApplicationError(ValueError):
    """The inventory describes something that cannot be deployed; the text names the application and the key."""


@dataclass(frozen=True)
class Ingress:
    """What all Ingresses of one load balancer have in common: its annotations must not differ between them."""

    class_name: str = "alb"
    scheme: str = "internet-facing"
    group_name: str = ""
    certificate_arn: str = ""
    ssl_policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    health_check: Mapping[str, Any] = field(default_factory=dict)
    deregistration_delay_seconds: int = 30
    idle_timeout_seconds: int = 60
    load_balancer_attributes: Mapping[str, Any] = field(default_factory=dict)
    security_group_ids: Sequence[str] = ()
    subnet_ids: Sequence[str] = ()
    manage_backend_security_group_rules: bool = True
    external_dns: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExternalSecret:
    """Which keys of which stored secrets make the Secret that the applications read."""

    enabled: bool = True
    store: str = "aws-secret-store"
    store_kind: str = "ClusterSecretStore"
    refresh_interval: str = "1h"
    creation_policy: str = "Owner"
    deletion_policy: str = "Retain"
    force_sync: str = ""
    data: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True)
class Migration:
    """The Job that brings the schema to what the image expects, before any pod of the image starts."""

    enabled: bool = True
    name: str = "migrate"
    args: Sequence[str] = ("migrate",)
    backoff_limit: int = 2
    active_deadline_seconds: int = 600
    resources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shared:
    """What the applications of one namespace have in common."""

    namespace: str
    image: str
    version: str
    part_of: str = "flask"
    environment: Mapping[str, Any] = field(default_factory=dict)
    secret_name: str = "flask-app-secret"  # noqa: S105  the name of a Secret
    secret_version: str = ""
    ca_certificates: str = ""
    ca_config_map: str = "flask-ca"
    data_cidrs: Sequence[str] = ()
    data_ports: Sequence[int | str] = ()
    client_cidrs: Sequence[str] = ()
    metrics_namespaces: Sequence[str] = ()
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    priority_classes: Sequence[Mapping[str, Any]] = ()
    ingress: Ingress = field(default_factory=Ingress)
    external_secret: ExternalSecret = field(default_factory=ExternalSecret)
    migration: Migration = field(default_factory=Migration)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Shared:
        """From the role's dictionary. ApplicationError for a key that nobody knows."""
        nested = {"ingress": Ingress, "external_secret": ExternalSecret, "migration": Migration}
        made = {key: _record(nested[key], value, key) if key in nested else value for key, value in values.items()}
        shared: Shared = _record(cls, made, "shared settings")
        return shared


def _record(kind: Any, values: Mapping[str, Any], where: str) -> Any:
    known = {item.name for item in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ApplicationError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return kind(**{key: value for key, value in values.items() if value is not None})


def resolve(
    applications: Sequence[Mapping[str, Any]], defaults: Mapping[str, Any], baseline: Mapping[str, Any]
) -> list[Settings]:
    """Every application, enabled or not, with all settings filled in and checked."""
    shared = merge(baseline, defaults, "the applications' defaults")
    resolved = []
    for entry in applications:
        name = str(entry.get("name") or "")
        if not NAME.match(name):
            raise ApplicationError(
                f"application {name!r}: a name has lower-case letters, digits and -, begins with a letter, up to 42"
            )
        own = {key: value for key, value in entry.items() if key != "name"}
        resolved.append({"name": name, **merge(shared, own, f"application {name}")})
    _check_together(resolved)
    for settings in resolved:
        _check(settings)
    return resolved


def merge(base: Mapping[str, Any], over: Mapping[str, Any], where: str, path: str = "") -> Settings:
    """`over` laid over `base`; null keeps `base`. A key that `base` lacks is an error, except where keys are free."""
    merged: Settings = {key: dict(value) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in over.items():
        here = f"{path}.{key}" if path else str(key)
        if value is None:
            continue
        if path in FREE:
            merged[key] = value
        elif key not in base:
            raise ApplicationError(f"{where}: unknown key {here}; known here are {', '.join(sorted(map(str, base)))}")
        elif isinstance(base[key], Mapping):
            if not isinstance(value, Mapping):
                raise ApplicationError(f"{where}: {here} must be a dictionary, not {type(value).__name__}")
            merged[key] = merge(base[key], value, where, here)
        else:
            merged[key] = value
    return merged


def number(value: Any, where: str) -> int | str:
    """A number, or the placeholder of a plan for one that only the real run will know."""
    if isinstance(value, str) and UNKNOWN in value:
        return value
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise ApplicationError(f"{where} must be a number, not {value!r}") from error


def _check(settings: Settings) -> None:
    name = settings["name"]
    if settings["ingress"]["enabled"]:
        if not settings["ingress"]["hosts"]:
            raise ApplicationError(f"application {name}: ingress.enabled needs at least one host in ingress.hosts")
        if not settings["service"]["enabled"]:
            raise ApplicationError(f"application {name}: ingress.enabled needs service.enabled")
    if settings["service"]["enabled"] and not settings["ports"]["http"]:
        raise ApplicationError(f"application {name}: service.enabled needs ports.http")
    for probe, values in settings["probes"].items():
        if values["enabled"] and not settings["ports"].get(values["port"]):
            raise ApplicationError(f"application {name}: probes.{probe}.port is {values['port']}, which ports lacks")
    scaling = settings["autoscaling"]
    if scaling["enabled"]:
        if int(scaling["min_replicas"]) > int(scaling["max_replicas"]):
            raise ApplicationError(f"application {name}: autoscaling.min_replicas is above max_replicas")
        wanted = {"cpu": scaling["cpu_utilization"], "memory": scaling["memory_utilization"]}
        if not any(wanted.values()):
            raise ApplicationError(f"application {name}: autoscaling needs cpu_utilization or memory_utilization")
        for resource, target in wanted.items():
            if target and resource not in settings["resources"]["requests"]:
                raise ApplicationError(
                    f"application {name}: autoscaling by {resource} needs resources.requests.{resource}"
                )
    budget = settings["disruption_budget"]
    if budget["enabled"] and (budget["max_unavailable"] == "") == (budget["min_available"] == ""):
        raise ApplicationError(
            f"application {name}: disruption_budget needs max_unavailable or min_available, not both"
        )
    if settings["rbac"]["enabled"] and not settings["rbac"]["rules"]:
        raise ApplicationError(f"application {name}: rbac.enabled needs rbac.rules")


def _check_together(applications: Sequence[Settings]) -> None:
    """One bad Ingress spoils its whole group, so what two applications cannot both have is refused here."""
    names = [settings["name"] for settings in applications]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ApplicationError(f"applications named twice: {', '.join(twice)}")
    owners: dict[tuple[str, str], str] = {}
    for settings in applications:
        ingress = settings["ingress"]
        if not (settings["enabled"] and ingress["enabled"]):
            continue
        for host in ingress["hosts"]:
            key = (host, ingress["path"])
            if key in owners:
                raise ApplicationError(
                    f"applications {owners[key]} and {settings['name']} both want {host}{ingress['path']}"
                )
            owners[key] = settings["name"]
