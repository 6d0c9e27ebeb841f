"""Parsing of ExternalSecrets and stores: supported fields, durations, properties of secrets. Pure functions.

Fields and defaults as in the operator's API reference, external-secrets.io/v1.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_REFRESH = "1h0m0s"

MANAGED_LABEL = "reconcile.external-secrets.io/managed"
HASH_ANNOTATION = "reconcile.external-secrets.io/data-hash"


class SpecError(Exception):
    """The object is invalid or uses unsupported features. A retry does not help."""


class SourceError(Exception):
    """The source cannot be read now. A retry may help. The message contains names, never values."""


class SourceMissing(SourceError):
    """The secret does not exist at the source."""


# What may stand in a spec. A set lists the accepted values, None accepts any value, a list describes list items.
_REMOTE = {
    "key": None,
    "property": None,
    "version": None,
    "conversionStrategy": {"Default"},
    "decodingStrategy": {"None"},
    "metadataPolicy": {"None"},
}
EXTERNAL_SECRET: dict[str, Any] = {
    "refreshInterval": None,
    "refreshPolicy": {"Periodic"},
    "secretStoreRef": {"name": None, "kind": {"SecretStore", "ClusterSecretStore"}},
    "target": {
        "name": None,
        "creationPolicy": {"Owner", "Orphan", "Merge", "None"},
        "deletionPolicy": {"Retain", "Delete"},
        "immutable": {False},
        "template": {
            "type": None,
            "engineVersion": {"v2"},
            "mergePolicy": {"Replace"},
            "metadata": {"labels": None, "annotations": None},
        },
    },
    "data": [{"secretKey": None, "remoteRef": _REMOTE}],
    "dataFrom": [{"extract": {name: _REMOTE[name] for name in _REMOTE if name != "property"}}],
}
STORE: dict[str, Any] = {
    "provider": {"aws": {"service": {"SecretsManager"}, "region": None}},
    "conditions": [{"namespaces": None, "namespaceRegexes": None, "namespaceSelector": {"matchLabels": None}}],
}


def unsupported(found: Any, allowed: Any, path: str = "spec") -> list[str]:
    """The paths in `found` that `allowed` does not know, with the value where only the value is the trouble."""
    if allowed is None:
        return []
    if isinstance(allowed, set):
        return [] if found in allowed else [f"{path}: {found}"]
    if isinstance(allowed, list):
        items = found if isinstance(found, list) else []
        return [bad for index, item in enumerate(items) for bad in unsupported(item, allowed[0], f"{path}[{index}]")]
    bad: list[str] = []
    for name, value in (found or {}).items():
        if name not in allowed:
            bad.append(f"{path}.{name}")
        elif value is not None:
            bad += unsupported(value, allowed[name], f"{path}.{name}")
    return bad


def check(spec: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
    """SpecError that names every field that the stand-in does not support."""
    bad = unsupported(spec, dict(allowed))
    if bad:
        raise SpecError(f"not supported by this stand-in for External Secrets: {', '.join(bad)}")


_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(duration: str) -> float:
    """A Go duration such as `1h0m0s`, `10s` or `1.5h`. SpecError when it is none."""
    text = duration.strip()
    if text == "0":
        return 0.0
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SpecError(f"spec.refreshInterval: {duration!r} is no duration such as 10s or 1h0m0s")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True)
class Remote:
    """Where a value comes from. An empty property takes the whole secret."""

    key: str
    property: str = ""
    version: str = ""

    @classmethod
    def parse(cls, reference: Mapping[str, Any]) -> Remote:
        return cls(reference["key"], reference.get("property") or "", reference.get("version") or "")

    def version_arguments(self) -> dict[str, str]:
        """GetSecretValue's arguments: `uuid/<id>` is a version id, anything else a stage, none AWSCURRENT."""
        if self.version.startswith("uuid/"):
            return {"VersionId": self.version.removeprefix("uuid/")}
        return {"VersionStage": self.version or "AWSCURRENT"}


def as_bytes(value: Any) -> bytes:
    """A property's value: text as it is, anything else as JSON."""
    return (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()


def _object(content: bytes, key: str) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise SourceError(f"secret {key} holds no JSON object, so it has no properties")
    return parsed


def take(content: bytes, remote: Remote) -> bytes:
    """The whole secret, or one property: a key of that exact name first, then a path with dots."""
    if not remote.property:
        return content
    found: Any = _object(content, remote.key)
    if remote.property in found:
        return as_bytes(found[remote.property])
    for part in remote.property.split("."):
        if not isinstance(found, dict) or part not in found:
            raise SourceError(f"secret {remote.key} has no property {remote.property}")
        found = found[part]
    return as_bytes(found)


def extract(content: bytes, remote: Remote) -> dict[str, bytes]:
    """Every property as a key of its own. What a Secret's keys may not hold becomes `_` (strategy Default)."""
    return {
        re.sub(r"[^-._a-zA-Z0-9]", "_", name): as_bytes(value) for name, value in _object(content, remote.key).items()
    }


def encode(data: Mapping[str, bytes]) -> dict[str, str]:
    """As a Secret's `data` holds it."""
    return {name: base64.b64encode(value).decode() for name, value in sorted(data.items())}


def data_hash(encoded: Mapping[str, str]) -> str:
    """A fingerprint of a Secret's data, by which a change from outside is noticed."""
    return hashlib.sha256(json.dumps(dict(encoded), sort_keys=True).encode()).hexdigest()


def synced_version(external_secret: Mapping[str, Any]) -> str:
    """Generation and a fingerprint of labels and annotations: a new force-sync annotation changes it."""
    metadata = external_secret["metadata"]
    kept = [metadata.get("labels") or {}, metadata.get("annotations") or {}]
    fingerprint = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]
    return f"{metadata.get('generation', 0)}-{fingerprint}"


def namespace_allowed(store: Mapping[str, Any], namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a ClusterSecretStore's spec.conditions let a namespace use it; without conditions every one may."""
    conditions = store["spec"].get("conditions") or []
    for condition in conditions:
        wanted = (condition.get("namespaceSelector") or {}).get("matchLabels")
        if (
            namespace in (condition.get("namespaces") or [])
            or any(re.search(pattern, namespace) for pattern in condition.get("namespaceRegexes") or [])
            or (wanted is not None and all(labels.get(name) == value for name, value in wanted.items()))
        ):
            return True
    return not conditions
