# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the inventory's variables to complete, checked settings of the applications. Pure.

For each application three layers lie over each other: the role's baseline, flask_app_defaults, the application's own
entry. Dictionaries are merged key by key, lists and plain values replace, null leaves what is below.

The baseline (roles/flask_app/vars/main.yml) is also the schema: its keys are all that there are, a value has the type
of its default, and a dictionary that is empty there takes any key. The tables below say what an example cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

Settings = dict[str, Any]
Say = Callable[[str], None]

NAME = re.compile(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?")
PROBES = ("startup", "liveness", "readiness")
# Dictionaries of Kubernetes' own keys that have defaults here.
FREE = frozenset(
    {f"{kind}.resources.{part}" for kind in ("application", "migration") for part in ("requests", "limits")}
)
# A number, a percentage, or empty for none.
AMOUNTS = frozenset(
    {
        "application.max_surge",
        "application.disruption_budget.max_unavailable",
        "application.disruption_budget.min_available",
    }
)
CHOICES: dict[str, tuple[str, ...]] = {
    "application.image.pull_policy": ("Always", "IfNotPresent", "Never"),
    **{f"application.probes.{probe}.port": ("http", "metrics") for probe in PROBES},
    "application.service.type": ("ClusterIP", "NodePort", "LoadBalancer"),
    "application.ingress.path_type": ("Prefix", "Exact", "ImplementationSpecific"),
    "application.spread.zones": ("", "ScheduleAnyway", "DoNotSchedule"),
    "external_secret.store_kind": ("ClusterSecretStore", "SecretStore"),
    "external_secret.creation_policy": ("Owner", "Orphan"),
    "external_secret.deletion_policy": ("Retain", "Delete"),
    "ingress.scheme": ("internet-facing", "internal"),
}
# Examples of what is in a list; in all others it is text.
ELEMENTS: dict[str, Any] = {
    "application.network_policy.egress": {"cidr": "", "ports": [0]},
    "application.network_policy.egress.ports": 0,
    "application.rbac.rules": {},
}


class ApplicationError(ValueError):
    """The inventory describes something that cannot be deployed. Each problem names the variable and the key."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def resolve(given: Mapping[str, Any], baseline: Mapping[str, Any]) -> Settings:
    """Complete settings: a list `applications`, and `ingress`, `migration`, `external_secret`.

    Args:
        given: The role's variables of these names without their prefix, and `defaults`.
        baseline: The role's complete settings of one `application`, `ingress`, `migration`, `external_secret`.

    Raises:
        ApplicationError: with every problem.
    """
    problems: list[str] = []

    def lay(kind: str, base: Mapping[str, Any], over: Mapping[str, Any], where: str) -> Settings:
        typed = _typed(over, baseline[kind], kind, lambda problem: problems.append(f"{where}: {problem}"))
        return merged(base, typed)

    shared = lay("application", baseline["application"], given["defaults"], "flask_app_defaults")
    applications = []
    for entry in given["applications"]:
        name = str(entry.get("name") or "")
        if not NAME.fullmatch(name):
            problems.append(
                f"flask_app_applications: {name!r} is no name of an application; use up to 42 lower case letters, "
                "digits and hyphens, beginning with a letter"
            )
        own = {key: value for key, value in entry.items() if key != "name"}
        applications.append({"name": name, **lay("application", shared, own, f"flask_app_applications: {name}")})
    settings: Settings = {"applications": applications}
    for kind in ("ingress", "migration", "external_secret"):
        settings[kind] = lay(kind, baseline[kind], given[kind], f"flask_app_{kind}")
    # Rules between settings are not worth telling while single ones are wrong.
    problems = problems or [f"flask_app_applications: {problem}" for problem in _contradictions(applications)]
    if problems:
        raise ApplicationError(*problems)
    return settings


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Settings:
    """`over` laid over `base`, dictionaries key by key; shares nothing with either."""
    result = {key: merged(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def _typed(value: Any, like: Any, path: str, say: Say) -> Any:
    """`value` with the types of the example `like`; what is wrong is said, and replaced by the example."""
    if isinstance(like, Mapping):
        return _dictionary(value, like, path, say)
    if isinstance(like, list):
        if not isinstance(value, list):
            return _wrong(value, like, path, say, "a list")
        return [_typed(item, ELEMENTS.get(path, ""), path, say) for item in value]
    if path in AMOUNTS:
        if isinstance(value, bool) or not re.fullmatch(r"([0-9]+%?)?", str(value)):
            return _wrong(value, like, path, say, "a number or a percentage")
        return int(value) if str(value).isdecimal() else value
    if isinstance(like, bool):
        try:
            return boolean(value)
        except TypeError:
            return _wrong(value, like, path, say, "true or false")
    if isinstance(like, int):
        whole = not isinstance(value, bool) and re.fullmatch(r"[0-9]+", str(value))
        return int(value) if whole else _wrong(value, like, path, say, "a whole number")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return _wrong(value, like, path, say, "text")
    choices = CHOICES.get(path)
    if choices and str(value) not in choices:
        return _wrong(value, like, path, say, f"one of {', '.join(choice or 'empty' for choice in choices)}")
    return str(value)


def _dictionary(value: Any, like: Mapping[str, Any], path: str, say: Say) -> Any:
    if not isinstance(value, Mapping):
        return _wrong(value, like, path, say, "a dictionary")
    if not like or path in FREE:
        return {key: item for key, item in value.items() if item is not None}
    unknown = sorted(str(key) for key in value if key not in like)
    if unknown:
        keys = ", ".join(_shown(f"{path}.{key}") for key in unknown)
        say(f"unknown key {keys}; known there are {', '.join(sorted(like))}")
    return {
        key: _typed(item, like[key], f"{path}.{key}", say)
        for key, item in value.items()
        if key in like and item is not None
    }


def _wrong(value: Any, like: Any, path: str, say: Say, wanted: str) -> Any:
    say(f"{_shown(path)} must be {wanted}, not {value!r}")
    return like


def _shown(path: str) -> str:
    """A path as the inventory writes it: without the kind of settings at its front."""
    return path.partition(".")[2]


def _contradictions(applications: Sequence[Settings]) -> Iterator[str]:
    names = [settings["name"] for settings in applications]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"named twice: {', '.join(twice)}; give each application a name of its own"
    for settings in applications:
        for problem in _own_contradictions(settings):
            yield f"{settings['name']}: {problem}"
    # One bad Ingress spoils its whole group, so what two applications cannot both have is refused here.
    owners: dict[tuple[str, str], str] = {}
    for settings in applications:
        ingress = settings["ingress"]
        if not (settings["enabled"] and ingress["enabled"]):
            continue
        for host in ingress["hosts"]:
            owner = owners.setdefault((host, ingress["path"]), settings["name"])
            if owner != settings["name"]:
                yield f"{owner} and {settings['name']} both want {host}{ingress['path']}; give it to one of them"


def _own_contradictions(settings: Settings) -> Iterator[str]:
    ports, scaling, budget = settings["ports"], settings["autoscaling"], settings["disruption_budget"]
    if settings["ingress"]["enabled"]:
        if not settings["ingress"]["hosts"]:
            yield "ingress.enabled needs at least one host in ingress.hosts"
        if not settings["service"]["enabled"]:
            yield "ingress.enabled needs service.enabled"
    if settings["service"]["enabled"] and not ports["http"]:
        yield "service.enabled needs ports.http"
    for probe, values in settings["probes"].items():
        if values["enabled"] and not ports[values["port"]]:
            yield f"probes.{probe}.port is {values['port']}, which ports lacks"
    if scaling["enabled"]:
        if scaling["min_replicas"] > scaling["max_replicas"]:
            yield "autoscaling.min_replicas is above max_replicas"
        targets = {"cpu": scaling["cpu_utilization"], "memory": scaling["memory_utilization"]}
        if not any(targets.values()):
            yield "autoscaling needs cpu_utilization or memory_utilization"
        for resource, target in targets.items():
            if target and resource not in settings["resources"]["requests"]:
                yield f"autoscaling by {resource} needs resources.requests.{resource}"
    if budget["enabled"] and (budget["max_unavailable"] == "") == (budget["min_available"] == ""):
        yield "disruption_budget needs max_unavailable or min_available, not both"
    if settings["rbac"]["enabled"] and not settings["rbac"]["rules"]:
        yield "rbac.enabled needs rbac.rules"
    if not all(rule.get("cidr") and rule.get("ports") for rule in settings["network_policy"]["egress"]):
        yield "each entry of network_policy.egress needs cidr and ports"
