# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of components that are installed by a Helm chart: rendered objects, definitions, environment, variables."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

CHECKSUM_ANNOTATION = "flaskops.eks/environment-checksum"
FIRST_UNPRIVILEGED_PORT = 1025
LAST_PORT = 65535


def objects_of_kind(rendered: str, kind: str) -> list[dict[str, Any]]:
    """The objects of one kind in what `helm template` printed.

    Raises:
        AnsibleFilterError: The text is not YAML.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        documents = list(yaml.load_all(rendered, Loader=loader))
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"the rendered chart is not valid YAML: {error}") from error
    return [item for item in documents if isinstance(item, dict) and item.get("kind") == kind]


def unestablished(definitions: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[str]:
    """Names of custom resource definitions that the API server does not serve yet.

    Args:
        definitions: The cluster's definitions, with their status.
        names: Names of those that must be served.
    """
    served = {item["metadata"]["name"] for item in definitions if _established(item)}
    return [name for name in names if name not in served]


def _established(definition: Mapping[str, Any]) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    return any(item["type"] == "Established" and item["status"] == "True" for item in conditions)


def object_titles(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """How many objects of each kind there are in each namespace, for a message."""
    counted = Counter((str(item["kind"]), str(item["metadata"].get("namespace") or "")) for item in objects)
    return [
        f"{count} {kind}" + (f" in namespace {namespace}" if namespace else "")
        for (kind, namespace), count in sorted(counted.items())
    ]


def pods_without(pods: Iterable[Mapping[str, Any]], variable: str) -> list[Mapping[str, Any]]:
    """The pods of which a container lacks an environment variable, without those that are being deleted."""
    return [
        pod
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and any(
            variable not in {entry["name"] for entry in container.get("env") or []}
            for container in pod["spec"]["containers"]
        )
    ]


def aws_environment(
    credentials: Mapping[str, str], region: str, endpoint_url: str = "", services: Sequence[str] = ()
) -> dict[str, str]:
    """Environment variables with static credentials for an AWS SDK; none without credentials.

    Args:
        credentials: `access_key` and `secret_key`, or nothing.
        region: The region.
        endpoint_url: Another endpoint than AWS's own.
        services: Services of which the program reads the endpoint from a variable `AWS_<service>_ENDPOINT` of its own.
    """
    if not credentials:
        return {}
    endpoints = ["AWS_ENDPOINT_URL", *(f"AWS_{service}_ENDPOINT" for service in services)] if endpoint_url else []
    return {
        "AWS_ACCESS_KEY_ID": credentials["access_key"],
        "AWS_SECRET_ACCESS_KEY": credentials["secret_key"],
        "AWS_REGION": region,
        **dict.fromkeys(endpoints, endpoint_url),
    }


def checksum_annotation(environment: Mapping[str, str]) -> dict[str, str]:
    """The pod annotation that restarts pods when their environment changes; none without an environment."""
    if not environment:
        return {}
    return {CHECKSUM_ANNOTATION: hashlib.sha256(json.dumps(dict(environment)).encode()).hexdigest()}


def component_problems(settings: Mapping[str, Any], role: str) -> list[str]:
    """The rules between the variables that every component role has.

    Args:
        settings: Values by the variables' names without the role's name; what a role does not have is left out.
        role: Name of the role.

    Returns:
        One sentence for each broken rule: the variable, what is wrong, what to do.
    """
    problems = []
    if settings.get("credentials") and not settings.get("environment_secret"):
        problems.append(
            f"{role}_credentials: there is no Secret to put them into; name one in {role}_environment_secret"
        )
    if settings.get("endpoint_url") and not settings.get("credentials"):
        problems.append(
            f"{role}_endpoint_url: it reaches the pods only beside credentials; set {role}_credentials as well, "
            "or leave it empty"
        )
    if int(settings.get("replicas", 1)) < 1:
        problems.append(f"{role}_replicas: with {settings['replicas']} nothing would run; set at least 1")
    problems += [
        f"{role}_{name}: it is empty; name at least one"
        for name, value in (settings.get("required_lists") or {}).items()
        if not value
    ]
    for name, port in (settings.get("unprivileged_ports") or {}).items():
        if not FIRST_UNPRIVILEGED_PORT <= int(port) <= LAST_PORT:
            problems.append(
                f"{role}_{name}: a process without privileges cannot listen on {port}; choose a port from "
                f"{FIRST_UNPRIVILEGED_PORT} to {LAST_PORT}"
            )
    return problems


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "aws_environment": aws_environment,
            "checksum_annotation": checksum_annotation,
            "component_problems": component_problems,
            "object_titles": object_titles,
            "objects_of_kind": objects_of_kind,
            "pods_without": pods_without,
            "unestablished": unestablished,
        }
