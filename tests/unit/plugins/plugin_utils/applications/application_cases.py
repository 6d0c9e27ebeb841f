"""What the tests of the applications start from: an inventory with an API and a worker, and what a run knows."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.context import Shared
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.render import render as render_all
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.replicas import Running
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.schema import read_options
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.settings import resolve

Manifest = dict[str, Any]

ROLE = Path(__file__).resolve().parents[5] / "roles" / "flask_app"
SPECS = ROLE / "meta" / "argument_specs.yml"
UNKNOWN = "(known after apply)"
DIGEST = "sha256:26730869004e2b9c4b9ad09cab8625e81d256d1ce97e72df5520e806b1709f92"

API: dict[str, Any] = {"name": "api", "args": ["api"], "ingress": {"enabled": True, "hosts": ["api.example.com"]}}
WORKER: dict[str, Any] = {"name": "worker", "args": ["worker"], "service": {"enabled": False}}

# What the inventory says of all applications: flask_app_<name>.
GIVEN: dict[str, Any] = {
    "defaults": {},
    "ingress": {"tags": {"b": "2", "a": "1"}},
    "external_secret": {"refresh_interval": "10s"},
    "migration": {},
    "priority_classes": [{"name": "app-normal", "value": 100, "global_default": True}],
    "secret_data": [],
    "secret_name": "flask-app-secret",
    "cluster_name": "flask-dev",
}
# What only the run knows of them: __flask_app_known.
KNOWN: dict[str, Any] = {
    "namespace": "flask",
    "part_of": "flask",
    "image": {
        "repository": "registry.example.com/flask",
        "reference": f"registry.example.com/flask@{DIGEST}",
        "version": "1.4.2",
    },
    "environment": {"LOG_LEVEL": "INFO"},
    "data_stores": {
        "database": {"engine": "postgres", "host": "db", "port": 5432, "name": "flask"},
        "database_tls": "verify",
        "cache": {"host": "redis", "port": 6379},
        "cache_tls": True,
        "cache_private_ca": False,
    },
    "secret_versions": {"flask-app-secret": "abc"},
    "ca_certificates": "-----BEGIN CERTIFICATE-----",
    "data_cidrs": ["10.0.0.0/16"],
    "data_ports": [5432, 6379],
    "client_cidrs": ["10.0.0.0/16"],
    "metrics_namespaces": ["monitoring"],
    "namespace_labels": {},
    "ingress": {
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "security_group_ids": ["sg-1"],
        "subnet_ids": ["subnet-1", "subnet-2"],
    },
    "external_secret": {
        "store": "aws-secret-store",
        "force_sync": "",
        "names": {"database": "flask/database", "cache": "flask/cache", "application": "flask/application"},
    },
}


def given(*applications: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The inventory; without applications it has the API and the worker."""
    return copy.deepcopy({**GIVEN, "applications": list(applications) or [API, WORKER], **changes})


def settings(*applications: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Complete settings of an inventory."""
    return resolve(given(*applications, **changes), read_options(str(SPECS)))


def known(**changes: Any) -> dict[str, Any]:
    """What the run knows. A dictionary changes single keys."""
    merged = copy.deepcopy(KNOWN)
    for key, value in changes.items():
        merged[key] = {**merged[key], **value} if isinstance(merged[key], dict) else value
    return merged


def render(
    *applications: dict[str, Any],
    inventory: dict[str, Any] | None = None,
    releases: dict[str, Release] | None = None,
    running: dict[str, Running] | None = None,
    **changes: Any,
) -> list[Manifest]:
    """All manifests. `inventory` changes what the inventory says, other keywords what the run knows."""
    complete = settings(*applications, **(inventory or {}))
    return render_all(complete["applications"], Shared.read(complete, known(**changes)), releases, running)


def find(manifests: list[Manifest], kind: str, name: str = "api") -> Manifest:
    """The only object of a kind that is called so, or so and a suffix."""
    found = [
        item
        for item in manifests
        if item["kind"] == kind
        and (item["metadata"]["name"] == name or item["metadata"]["name"].startswith(f"{name}-"))
    ]
    assert len(found) == 1, f"{kind} {name}: {[item['metadata']['name'] for item in found]}"
    return found[0]


def at(manifest: Manifest, path: str) -> Any:
    """The value at a path like `spec/template/spec/containers/0`; `~` stands for a slash in a key."""
    value: Any = manifest
    for part in path.split("/"):
        key = part.replace("~", "/")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
