# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Convert the results of server-side apply into a list of changes. Pure functions without API calls."""

from __future__ import annotations

import copy
import json
import re
import typing as t

import yaml

from . import _planning
from ._redaction import redact

_CLUSTER_KINDS: t.Final = frozenset(
    [
        "APIService",
        "CSIDriver",
        "CustomResourceDefinition",
        "EC2NodeClass",
        "IngressClass",
        "IngressClassParams",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "NodePool",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeSnapshotClass",
    ]
)
"""Kinds without a namespace; those that begin with Cluster are without one as well."""

_SERVER_FIELDS: t.Final = frozenset(
    {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"}
)
"""Metadata that only the API server writes (Kubernetes API conventions, "Metadata")."""

_NOT_THERE_YET = re.compile(r"namespaces? \\?[\"'][^\"']+\\?[\"'] not found|Failed to find exact match for ", re.I)
_NO_KIND = re.compile(r"Failed to find exact match for ", re.I)
_STATUS_MESSAGE = re.compile(r'"message":\s*("(?:[^"\\]|\\.)*")')


class ManifestError(ValueError):
    """A manifest that is not one."""


def parse(resources: t.Any, namespace: str | None = None) -> list[dict[str, t.Any]]:
    """Kubernetes objects from a list of dictionaries or texts, or from one text of several documents.

    ``namespace`` is set on namespaced objects that have none. Raises ManifestError.
    """
    found: list[dict[str, t.Any]] = []
    for entry in resources if isinstance(resources, list) else [resources]:
        documents = [entry] if isinstance(entry, dict) else _load(entry)
        for document in documents:
            items = document.get("items") if str(document.get("kind", "")).endswith("List") else None
            found.extend(items if isinstance(items, list) else [document])
    # Through JSON: plain strings and a copy of our own, whatever the template engine handed over.
    objects: list[dict[str, t.Any]] = json.loads(json.dumps(found, default=str))
    for number, item in enumerate(objects, start=1):
        metadata = item.get("metadata")
        if (
            not item.get("kind")
            or not item.get("apiVersion")
            or not isinstance(metadata, dict)
            or not metadata.get("name")
        ):
            raise ManifestError(
                f"Object {number} has no kind, apiVersion or metadata.name. Every Kubernetes object needs them."
            )
        if namespace and "namespace" not in metadata and has_namespace(str(item["kind"])):
            metadata["namespace"] = namespace
    return objects


def _load(text: t.Any) -> list[dict[str, t.Any]]:
    if text is None:
        return []
    if not isinstance(text, str):
        raise ManifestError(f"A manifest is a dictionary or text, not {type(text).__name__}.")
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        raise ManifestError(f"The manifests are not valid YAML{place}.") from error
    if not all(isinstance(document, dict) for document in documents):
        raise ManifestError("Every document of the manifests must be a Kubernetes object.")
    return documents


def has_namespace(kind: str) -> bool:
    """Whether objects of this kind live in a namespace, as far as it is known here."""
    return kind not in _CLUSTER_KINDS and not kind.startswith("Cluster")


def label(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """Kind, name and namespace of an object."""
    metadata = item.get("metadata", {})
    return {"kind": item.get("kind"), "name": metadata.get("name"), "namespace": metadata.get("namespace")}


def names(resource: dict[str, t.Any]) -> dict[str, t.Any]:
    """Kind, name and namespace of an entry of the result."""
    return {key: resource.get(key) for key in ("kind", "name", "namespace")}


def kept(item: dict[str, t.Any]) -> dict[str, t.Any]:
    """What is said of an object that would be deleted if removing were not switched off."""
    return {**label(item), "action": _planning.KEPT, "diff": None, "reason": "not removed: removing is switched off"}


def after_wait(deleted: dict[str, t.Any], waited: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result of a deletion that was waited for afterwards: what was deleted, and an error of either."""
    return {**deleted, "error": deleted.get("error") or waited.get("error")}


def from_nothing(item: dict[str, t.Any], absent: bool, reason: str) -> dict[str, t.Any]:
    """What the plan says of an object while there is no API to ask."""
    if absent:
        return {**label(item), "action": _planning.NONE, "diff": None, "reason": reason}
    after = redact(item, str(item.get("kind")))
    return {**label(item), "action": _planning.CREATE, "diff": {"before": {}, "after": after}, "reason": reason}


def outcome(
    item: dict[str, t.Any], result: dict[str, t.Any], *, absent: bool, check_mode: bool
) -> tuple[dict[str, t.Any], str | None]:
    """What kubernetes.core.k8s did, or would do, with one object, and the error if it was refused."""
    kind = str(item.get("kind"))
    error = result.get("error")
    if error:
        message = error_message(error)
        raw = str(error.get("msg", "")) if isinstance(error, dict) else str(error)
        if absent and _NO_KIND.search(raw):
            return {**label(item), "action": _planning.NONE, "diff": None, "reason": "its kind does not exist"}, None
        if absent and message.endswith(f'"{label(item)["name"]}" not found'):
            # It was there when it was read. The API server deleted it before it answered, or another client did.
            return {**label(item), "action": _planning.DELETE, "diff": {"before": label(item), "after": {}}}, None
        if check_mode and not absent and (_NOT_THERE_YET.search(raw) or _planning.holds_placeholder(item)):
            reason = "its kind does not exist yet" if _NO_KIND.search(raw) else "its namespace does not exist yet"
            if not _NOT_THERE_YET.search(raw):
                reason = "an input is known after apply"
            return from_nothing(item, absent=False, reason=reason), None
        if _NO_KIND.search(raw):
            message = f"the cluster does not know {item.get('apiVersion')} {kind}. Install its definition (CRD) first"
        return {**label(item), "action": _planning.NONE, "diff": None, "reason": message}, message
    if absent:
        action = _planning.DELETE if result.get("changed") else _planning.NONE
        diff = {"before": label(item), "after": {}} if action == _planning.DELETE else None
        return {**label(item), "action": action, "diff": diff}, None
    diff = result.get("diff") or {}
    before, after = diff.get("before") or {}, diff.get("after") or {}
    # Of an object that was there, its apiVersion and kind cannot have changed.
    if "kind" in after and "apiVersion" in after and "kind" not in before:
        shown = redact(item, kind)
        return {**label(item), "action": _planning.CREATE, "diff": {"before": {}, "after": shown}}, None
    before, after = relevant(before, after, item)
    if before == after:
        return {**label(item), "action": _planning.NONE, "diff": None}, None
    shown = {"before": redact(before, kind), "after": redact(after, kind)}
    return {**label(item), "action": _planning.UPDATE, "diff": shown}, None


def relevant(
    before: dict[str, t.Any], after: dict[str, t.Any], wanted: dict[str, t.Any]
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The part of a difference that the apply made.

    Between reading the object and applying, controllers write: status, versions, annotations of their own. What the
    manifest does not name and what was not removed is not ours.
    """
    wanted = copy.deepcopy(wanted)
    if "stringData" in wanted:
        wanted.setdefault("data", {}).update(wanted["stringData"])
    before, after = copy.deepcopy(before), copy.deepcopy(after)
    for side in (before, after):
        side.pop("status", None)
        metadata = side.get("metadata")
        if isinstance(metadata, dict):
            for field in _SERVER_FIELDS:
                metadata.pop(field, None)
            if not metadata:
                del side["metadata"]
    return _ours(before, after, wanted)


def _ours(
    before: dict[str, t.Any], after: dict[str, t.Any], wanted: t.Any
) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    kept_before: dict[str, t.Any] = {}
    kept_after: dict[str, t.Any] = {}
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        named = isinstance(wanted, dict) and key in wanted
        if isinstance(new, dict) and (isinstance(old, dict) or (key not in before and new)):
            old = old or {}
            inner_before, inner_after = _ours(old, new, wanted.get(key, {}) if named else {})
            if inner_before or inner_after:
                kept_before[key], kept_after[key] = inner_before, inner_after
        elif key in before and key not in after:
            kept_before[key] = old
        elif named:
            if key in before:
                kept_before[key] = old
            kept_after[key] = new
    return kept_before, kept_after


def error_message(error: t.Any) -> str:
    """The API server's own words out of an error of kubernetes.core."""
    raw = str(error.get("msg", "")) if isinstance(error, dict) else str(error)
    if not raw and isinstance(error, dict):
        event = getattr(error.get("exception"), "event", None)
        raw = str(getattr(event, "msg", "")) or "it gave no reason, run again with -vvv"
    # The body of the reply is inside as the text of a bytes literal, where quotes may be escaped once more.
    found = _STATUS_MESSAGE.search(raw) or _STATUS_MESSAGE.search(raw.replace("\\\\", "\\"))
    if found:
        try:
            return str(json.loads(found.group(1)))
        except ValueError:
            return found.group(1).strip('"')
    return raw
