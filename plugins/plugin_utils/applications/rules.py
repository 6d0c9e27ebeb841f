# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules between settings, one function a rule. Each yields what is wrong and what to do.

A rule of APPLICATION_RULES gets the complete settings of one application, a rule of LIST_RULES those of all. Types and
choices are not rules: they are in the role's argument specs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown

from .context import SHARED_INSTANCE, migration_name, own_secret_name

Settings = Mapping[str, Any]
Rule = Callable[[Settings], Iterator[str]]

NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
# The longest name of an object is that of its own migration Job, `<name>-migrate-<10 digits>`, at most 63 characters
# (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names).
NAME_LENGTH = 42
HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PORT_MAXIMUM = 65535


def name_is_valid(app: Settings) -> Iterator[str]:
    """Objects, labels and slots are named after the application."""
    if len(app["name"]) > NAME_LENGTH or not NAME.fullmatch(app["name"]):
        yield (
            f"name: {app['name']!r} is not a name of an application; use up to {NAME_LENGTH} lower case letters, "
            "digits and hyphens, starting with a letter"
        )


def numbers_are_not_negative(app: Settings) -> Iterator[str]:
    """No setting counts below zero."""
    for path, value in _numbers(app):
        if value < 0:
            yield f"{path}: {value} is negative; use 0 or more"


def image_is_named_once(app: Settings) -> Iterator[str]:
    """A complete reference leaves nothing to add, and a repository alone names no image."""
    image = app["image"]
    parts = [key for key in ("repository", "tag", "digest") if image[key]]
    if image["reference"] and parts:
        yield f"image.reference: given together with image.{parts[0]}; use one of the two"
    if image["repository"] and not (image["tag"] or image["digest"]):
        yield "image.repository: given without a version; set image.tag or image.digest"
    if image["digest"] and not (is_unknown(image["digest"]) or DIGEST.fullmatch(image["digest"])):
        yield f"image.digest: {image['digest']!r} is not a digest; write sha256: and 64 hexadecimal digits"


def ports_are_valid(app: Settings) -> Iterator[str]:
    """Two servers cannot listen on one port."""
    ports = app["ports"]
    for name, port in ports.items():
        if port > PORT_MAXIMUM:
            yield f"ports.{name}: {port} is not a port; use 1 to {PORT_MAXIMUM}, or 0 for none"
    if ports["http"] and ports["http"] == ports["metrics"]:
        yield f"ports.metrics: {ports['metrics']} is also ports.http; give each a port of its own"


def probes_have_ports(app: Settings) -> Iterator[str]:
    """A probe asks a port that the container has."""
    for name, probe in app["probes"].items():
        if probe["enabled"] and not app["ports"][probe["port"]]:
            yield f"probes.{name}.port: {probe['port']} is 0 in ports; set the port or disable the probe"


def service_has_a_port(app: Settings) -> Iterator[str]:
    """A Service forwards to the port http."""
    service = app["service"]
    if service["enabled"] and not app["ports"]["http"]:
        yield "service.enabled: needs ports.http; set the port or disable the Service"
    if service["node_port"] and service["type"] == "ClusterIP":
        yield "service.node_port: has no meaning for ClusterIP; set service.type to NodePort"


def ingress_has_hosts(app: Settings) -> Iterator[str]:
    """An Ingress leads host names to a Service."""
    ingress = app["ingress"]
    if not ingress["enabled"]:
        return
    if not ingress["hosts"]:
        yield "ingress.enabled: needs at least one host in ingress.hosts"
    if not app["service"]["enabled"]:
        yield "ingress.enabled: needs service.enabled"


def hosts_are_names(app: Settings) -> Iterator[str]:
    """A host is a DNS name, without scheme, port and path."""
    for host in app["ingress"]["hosts"]:
        if not (is_unknown(host) or HOST.fullmatch(host)):
            yield f"ingress.hosts: {host!r} is not a host name; write it in lower case, without scheme, port and path"


def autoscaling_has_a_range(app: Settings) -> Iterator[str]:
    """The autoscaler chooses a number between two."""
    scaling = app["autoscaling"]
    if not scaling["enabled"]:
        return
    if scaling["min_replicas"] < 1:
        yield f"autoscaling.min_replicas: {scaling['min_replicas']} is too small; use 1 or more"
    if scaling["min_replicas"] > scaling["max_replicas"]:
        yield "autoscaling.min_replicas: above max_replicas; lower it or raise max_replicas"


def autoscaling_has_a_metric(app: Settings) -> Iterator[str]:
    """A utilization is a percentage of what is requested."""
    scaling = app["autoscaling"]
    if not scaling["enabled"]:
        return
    targets = {"cpu": scaling["cpu_utilization"], "memory": scaling["memory_utilization"]}
    if not any(targets.values()):
        yield "autoscaling.enabled: needs cpu_utilization or memory_utilization"
    for resource, target in targets.items():
        if target and resource not in app["resources"]["requests"]:
            yield f"autoscaling.{resource}_utilization: needs resources.requests.{resource}"


def rollout_can_surge(app: Settings) -> Iterator[str]:
    """A rollout removes no pod before another one is added, so one must be allowed."""
    if app["max_surge"] in (0, "", "0%"):
        yield f"max_surge: {app['max_surge']!r} allows no additional pod, so a rollout cannot start; use 1 or more"


def budget_has_one_amount(app: Settings) -> Iterator[str]:
    """A disruption budget takes one of the two amounts."""
    budget = app["disruption_budget"]
    if budget["enabled"] and (budget["max_unavailable"] == "") == (budget["min_available"] == ""):
        yield "disruption_budget: needs either max_unavailable or min_available, not both; set the other one to ''"


def budget_allows_evictions(app: Settings) -> Iterator[str]:
    """A budget that allows no eviction blocks the drain of nodes, and with it every upgrade."""
    budget = app["disruption_budget"]
    if not budget["enabled"]:
        return
    scaled = app["autoscaling"]["enabled"]
    fewest = app["autoscaling"]["min_replicas"] if scaled else app["replicas"]
    setting = "autoscaling.min_replicas" if scaled else "replicas"
    if budget["max_unavailable"] in (0, "0%"):
        yield "disruption_budget.max_unavailable: 0 blocks every drain of a node; use 1 or more"
    available = budget["min_available"]
    if available == "100%" or (isinstance(available, int) and available >= fewest):
        yield f"disruption_budget.min_available: {available} leaves no pod to evict of {setting} {fewest}; lower it"


def rbac_has_rules(app: Settings) -> Iterator[str]:
    """A Role without rules permits nothing."""
    if app["rbac"]["enabled"] and not app["rbac"]["rules"]:
        yield "rbac.enabled: needs rbac.rules"


def secret_holds_something(app: Settings) -> Iterator[str]:
    """The keys belong to the application's own Secret."""
    secret = app["secret"]
    chosen = [*secret["keys"], *(item["key"] for item in secret["data"])]
    if secret["own"] and not secret["enabled"]:
        yield "secret.own: needs secret.enabled"
    if secret["own"] and not chosen:
        yield "secret.own: needs secret.keys or secret.data; without them the Secret is empty"
    if chosen and not secret["own"]:
        yield "secret.keys and secret.data: need secret.own; the shared Secret is the same for every application"
    for key in _twice(chosen):
        yield f"secret: the key {key} is given twice; keep one"


def environment_is_plain(app: Settings) -> Iterator[str]:
    """An environment variable holds one value."""
    for name, value in app["environment"].items():
        if not isinstance(value, str | int | float):
            yield f"environment.{name}: {value!r} is not a plain value; write it as text"


def names_are_unique(settings: Settings) -> Iterator[str]:
    """Each application has a name of its own."""
    for name in _twice([app["name"] for app in settings["applications"]]):
        yield f"{name}: the name is used twice; give each application a name of its own"


def names_are_free(settings: Settings) -> Iterator[str]:
    """No application is called like objects that are not its own."""
    taken = {SHARED_INSTANCE: "reserved for objects that all applications share"}
    if settings["migration"]["enabled"]:
        taken[settings["migration"]["name"]] = "the name of the shared migration (flask_app_migration.name)"
    for app in settings["applications"]:
        if app["migration"]["enabled"]:
            taken[migration_name(app["name"])] = f"the name of the migration of {app['name']}"
    for app in settings["applications"]:
        if app["name"] in taken:
            yield f"{app['name']}: this is {taken[app['name']]}; choose another name"


def secrets_are_distinct(settings: Settings) -> Iterator[str]:
    """An application's own Secret is not the shared one, and takes keys that the shared one has."""
    for app in settings["applications"]:
        if not app["secret"]["own"]:
            continue
        if own_secret_name(app["name"]) == settings["secret_name"]:
            yield f"{app['name']}: its own Secret is called like flask_app_secret_name; change one of the two names"
        missing = [key for key in app["secret"]["keys"] if key not in settings["secret_keys"]]
        if missing:
            yield (
                f"{app['name']}: secret.keys: the shared Secret has no {', '.join(missing)}; use "
                f"{', '.join(sorted(settings['secret_keys']))}, or give the value in secret.data"
            )


def hosts_are_unique(settings: Settings) -> Iterator[str]:
    """One Ingress with a fault stops its whole group, so two applications cannot have the same URL."""
    owners: dict[tuple[str, str], str] = {}
    for app in settings["applications"]:
        ingress = app["ingress"]
        if not (app["enabled"] and ingress["enabled"]):
            continue
        for host in _twice(ingress["hosts"]):
            yield f"{app['name']}: ingress.hosts: {host} is given twice; keep one"
        for host in dict.fromkeys(ingress["hosts"]):
            owner = owners.setdefault((host, ingress["path"]), app["name"])
            if owner != app["name"]:
                yield f"{owner} and {app['name']}: both have {host}{ingress['path']}; give it to one of them"


APPLICATION_RULES: tuple[Rule, ...] = (
    name_is_valid,
    numbers_are_not_negative,
    image_is_named_once,
    ports_are_valid,
    probes_have_ports,
    service_has_a_port,
    ingress_has_hosts,
    hosts_are_names,
    autoscaling_has_a_range,
    autoscaling_has_a_metric,
    rollout_can_surge,
    budget_has_one_amount,
    budget_allows_evictions,
    rbac_has_rules,
    secret_holds_something,
    environment_is_plain,
)
LIST_RULES: tuple[Rule, ...] = (names_are_unique, names_are_free, secrets_are_distinct, hosts_are_unique)


def problems_of(settings: Settings) -> Iterator[str]:
    """Everything that the rules find, with the variable in front."""
    for app in settings["applications"]:
        for rule in APPLICATION_RULES:
            for problem in rule(app):
                yield f"flask_app_applications: {app['name'] or '(no name)'}: {problem}"
    for rule in LIST_RULES:
        for problem in rule(settings):
            yield f"flask_app_applications: {problem}"


def _numbers(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, int]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and key != "environment":
            yield from _numbers(value, f"{path}{key}.")
        elif isinstance(value, int) and not isinstance(value, bool):
            yield f"{path}{key}", value


def _twice(values: list[str]) -> list[str]:
    return sorted(value for value, count in Counter(values).items() if count > 1)
