# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts that every manifest of an application is made of: names, labels, settings as environment. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils._applications import Settings, Shared, number

Manifest = dict[str, Any]

MANAGED_BY = "flaskops.eks"


def environment(settings: Settings, shared: Shared) -> dict[str, str]:
    """What is not secret. Environment variables are text: true is written `true`."""
    ports = {"PORT": settings["ports"]["http"], "METRICS_PORT": settings["ports"]["metrics"]}
    values = {
        "APP_VERSION": shared.version,
        **{name: port for name, port in ports.items() if port},
        **shared.environment,
        **settings["environment"],
    }
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}


def checksum(settings: Settings, shared: Shared) -> str:
    """Changes when what the container reads at its start changes, so that the pods are replaced."""
    content = json.dumps([environment(settings, shared), shared.ca_certificates], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def labels(settings: Settings, shared: Shared) -> dict[str, str]:
    """Labels of an object that is the same for every version."""
    return {
        **selector(settings),
        "app.kubernetes.io/part-of": shared.part_of,
        "app.kubernetes.io/managed-by": MANAGED_BY,
    }


def versioned_labels(settings: Settings, shared: Shared) -> dict[str, str]:
    """Labels of what runs a version; others leave the version out, or every release would change every object."""
    version = re.sub(r"[^A-Za-z0-9_.-]", "-", shared.version)[:63].strip("-_.")
    made = labels(settings, shared)
    return {**made, "app.kubernetes.io/version": version} if version else made


def selector(settings: Settings) -> dict[str, str]:
    """The labels that never change: selectors are immutable."""
    return {"app.kubernetes.io/name": settings["name"], "app.kubernetes.io/instance": settings["name"]}


def config_name(name: str) -> str:
    """Name of the ConfigMap beside an application of that name."""
    return f"{name}-config"


def block(cidr: str) -> Manifest:
    """A peer of a network policy by address range."""
    return {"ipBlock": {"cidr": cidr}}


def tcp(port: Any) -> Manifest:
    """A port of a network policy."""
    return {"port": number(port, "a port of a network policy"), "protocol": "TCP"}


def make_object(
    api_version: str,
    kind: str,
    name: str,
    shared: Shared,
    labels: Mapping[str, str] | None = None,
    **body: Any,
) -> Manifest:
    """A namespaced object with its labels; `body` becomes its remaining top-level keys."""
    wanted = labels or {"app.kubernetes.io/part-of": shared.part_of, "app.kubernetes.io/managed-by": MANAGED_BY}
    metadata = {"name": name, "namespace": shared.namespace, "labels": dict(wanted)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
