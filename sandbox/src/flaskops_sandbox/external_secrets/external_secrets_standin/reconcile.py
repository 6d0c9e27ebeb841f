"""Reconciliation of one store or ExternalSecret, with two small interfaces for Kubernetes and AWS."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from . import spec as rules
from .spec import Remote, SourceError, SourceMissing, SpecError

log = logging.getLogger("external-secrets")

Object = dict[str, Any]

UNREADABLE = "could not get secret data from provider"


class Conflict(Exception):
    """Another client changed the object; read it again and retry."""


class Cluster(Protocol):
    """The required part of the Kubernetes API. Missing objects are None."""

    def external_secret(self, namespace: str, name: str) -> Object | None: ...
    def set_external_secret_status(self, namespace: str, name: str, status: Object) -> None:
        """A merge patch: what `status` does not name stays, None removes."""

    def store(self, kind: str, namespace: str, name: str) -> Object | None: ...
    def set_store_status(self, kind: str, namespace: str, name: str, status: Object) -> None: ...
    def namespace_labels(self, namespace: str) -> Mapping[str, str]: ...
    def secret(self, namespace: str, name: str) -> Object | None: ...
    def create_secret(self, secret: Object) -> None: ...
    def replace_secret(self, secret: Object) -> None: ...
    def delete_secret(self, namespace: str, name: str) -> None: ...


class Source(Protocol):
    """AWS Secrets Manager."""

    def check(self, region: str) -> None:
        """SourceError when there are no credentials."""

    def read(self, region: str, remote: Remote) -> bytes:
        """The content of one secret. SourceMissing, SourceError."""


@dataclass(frozen=True)
class Result:
    """When to reconcile again: after `after` seconds, or after a change if None. `failed` requests a backoff."""

    after: float | None = None
    failed: bool = False


def condition(before: list[Object], ready: bool, reason: str, message: str, now: datetime) -> list[Object]:
    """The Ready condition; its transition time moves only when the status does."""
    status = "True" if ready else "False"
    known = next((item for item in before if item.get("type") == "Ready"), None)
    moved = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    if known is not None and known.get("status") == status:
        moved = known.get("lastTransitionTime", moved)
    return [{"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": moved}]


class Reconciler:
    def __init__(self, cluster: Cluster, source: Source, clock: Callable[[], datetime] | None = None) -> None:
        self._cluster = cluster
        self._source = source
        self._clock = clock or (lambda: datetime.now(UTC))

    def store(self, kind: str, namespace: str, name: str) -> Result:
        """Write to the status whether the store is usable."""
        found = self._cluster.store(kind, namespace, name)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return Result()
        failed = False
        try:
            self._source.check(region_of(found))
            ready, reason, message = True, "Valid", "store validated"
        except SpecError as error:
            ready, reason, message = False, "InvalidProviderConfig", str(error)
        except SourceError as error:
            ready, reason, message, failed = False, "ValidationFailed", str(error), True
        before = found.get("status") or {}
        status: Object = {
            "capabilities": "ReadWrite" if ready else None,
            "conditions": condition(before.get("conditions") or [], ready, reason, message, self._clock()),
        }
        if status != {"capabilities": None, **before}:
            log.info("%s %s: %s (%s)", kind, name, reason, message)
            self._cluster.set_store_status(kind, namespace, name, status)
        return Result(failed=failed)

    def external_secret(self, namespace: str, name: str) -> Result:
        """Refresh the Secret when it is due, and write the status."""
        found = self._cluster.external_secret(namespace, name)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return Result()
        try:
            rules.check(found["spec"], rules.EXTERNAL_SECRET)
            interval = rules.seconds(found["spec"].get("refreshInterval") or rules.DEFAULT_REFRESH)
            due = self._due_in(found, interval)
            if due > 0:
                return Result(after=due if interval > 0 else None)
            reason, message = self._sync(found)
        except SpecError as error:
            self._failed(found, str(error))
            return Result()
        except SourceError as error:
            log.warning("%s/%s: %s", namespace, name, error)
            self._failed(found, UNREADABLE)
            return Result(failed=True)
        self._synced(found, reason, message)
        return Result(after=interval if interval > 0 else None)

    def _due_in(self, found: Object, interval: float) -> float:
        """Seconds until the next refresh; 0 means now."""
        status = found.get("status") or {}
        refreshed = status.get("refreshTime")
        if not refreshed or status.get("syncedResourceVersion") != rules.synced_version(found):
            return 0
        ready: Object = next((item for item in status.get("conditions") or [] if item.get("type") == "Ready"), {})
        if ready.get("status") != "True" or not self._intact(found, ready.get("reason", "")):
            return 0
        if interval <= 0:
            return float("inf")
        last = datetime.fromisoformat(refreshed.replace("Z", "+00:00"))
        return max(0.0, (last + timedelta(seconds=interval) - self._clock()).total_seconds())

    def _intact(self, found: Object, reason: str) -> bool:
        """Whether the Secret is unchanged. A deleted or edited one is restored immediately."""
        policy = (found["spec"].get("target") or {}).get("creationPolicy") or "Owner"
        if policy == "None" or reason == "SecretDeleted":
            return True
        secret = self._cluster.secret(found["metadata"]["namespace"], target_name(found))
        if secret is None:
            return False
        if policy == "Merge":
            return True
        return (secret["metadata"].get("annotations") or {}).get(rules.HASH_ANNOTATION) == rules.data_hash(
            secret.get("data") or {}
        )

    def _sync(self, found: Object) -> tuple[str, str]:
        namespace, target = found["metadata"]["namespace"], found["spec"].get("target") or {}
        region = region_of(self._usable_store(found))
        data = self._read(found, region)
        policy = target.get("creationPolicy") or "Owner"
        if not data and target.get("deletionPolicy") == "Delete":
            secret = self._cluster.secret(namespace, target_name(found)) or {"metadata": {}}
            ours = (secret["metadata"].get("labels") or {}).get(rules.MANAGED_LABEL) == "true"
            if policy in ("Owner", "Orphan") and ours:
                self._cluster.delete_secret(namespace, target_name(found))
            return "SecretDeleted", "secret deleted due to DeletionPolicy"
        if policy != "None":
            self._write(found, policy, rules.encode(data))
        return "SecretSynced", "secret synced"

    def _usable_store(self, found: Object) -> Object:
        namespace = found["metadata"]["namespace"]
        reference = found["spec"].get("secretStoreRef") or {}
        kind, name = reference.get("kind") or "SecretStore", reference.get("name") or ""
        store = self._cluster.store(kind, namespace, name)
        if store is None:
            raise SourceError(f"{kind} {name!r} does not exist")
        if kind == "ClusterSecretStore" and not rules.namespace_allowed(
            store, namespace, self._cluster.namespace_labels(namespace)
        ):
            raise SpecError(f"{kind} {name} does not allow namespace {namespace} (its spec.conditions)")
        return store

    def _read(self, found: Object, region: str) -> dict[str, bytes]:
        """All values. Each secret is read once. What is missing is an error, except under deletionPolicy Delete."""
        keeps = ((found["spec"].get("target") or {}).get("deletionPolicy") or "Retain") == "Retain"
        contents: dict[tuple[str, str], bytes | None] = {}

        def content(remote: Remote) -> bytes | None:
            place = (remote.key, remote.version)
            if place not in contents:
                try:
                    contents[place] = self._source.read(region, remote)
                except SourceMissing:
                    if keeps:
                        raise
                    contents[place] = None
            return contents[place]

        data: dict[str, bytes] = {}
        for item in found["spec"].get("dataFrom") or []:
            remote = Remote.parse(item["extract"])
            if (whole := content(remote)) is not None:
                data.update(rules.extract(whole, remote))
        for item in found["spec"].get("data") or []:
            remote = Remote.parse(item["remoteRef"])
            if (whole := content(remote)) is not None:
                data[item["secretKey"]] = rules.take(whole, remote)
        return data

    def _write(self, found: Object, policy: str, encoded: dict[str, str]) -> None:
        """Create or change the Secret, and write nothing when it already is what it should be."""
        namespace, name = found["metadata"]["namespace"], target_name(found)
        before = self._cluster.secret(namespace, name)
        if before is None:
            if policy == "Merge":
                raise SourceError(f"creationPolicy Merge needs Secret {name}, which does not exist")
            self._cluster.create_secret(desired(found, policy, encoded, None))
            return
        wanted = desired(found, policy, encoded, before)
        if wanted != before:
            self._cluster.replace_secret(wanted)

    def _synced(self, found: Object, reason: str, message: str) -> None:
        now = self._clock()
        before = (found.get("status") or {}).get("conditions") or []
        status: Object = {
            "refreshTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "syncedResourceVersion": rules.synced_version(found),
            "binding": {"name": target_name(found)},
            "conditions": condition(before, True, reason, message, now),
        }
        metadata = found["metadata"]
        log.info("%s/%s: %s", metadata["namespace"], metadata["name"], message)
        self._cluster.set_external_secret_status(metadata["namespace"], metadata["name"], status)

    def _failed(self, found: Object, message: str) -> None:
        metadata, before = found["metadata"], (found.get("status") or {}).get("conditions") or []
        after = condition(before, False, "SecretSyncedError", message, self._clock())
        if after != before:
            log.warning("%s/%s: %s", metadata["namespace"], metadata["name"], message)
            self._cluster.set_external_secret_status(metadata["namespace"], metadata["name"], {"conditions": after})


def region_of(store: Object) -> str:
    """The region of a supported store. SpecError names what is not supported or missing."""
    rules.check(store["spec"], rules.STORE)
    region = ((store["spec"].get("provider") or {}).get("aws") or {}).get("region")
    if not region:
        raise SpecError("spec.provider.aws.region is missing")
    return str(region)


def target_name(found: Object) -> str:
    return str((found["spec"].get("target") or {}).get("name") or found["metadata"]["name"])


def desired(found: Object, policy: str, encoded: dict[str, str], before: Object | None) -> Object:
    """The Secret as it should be. Merge changes its own keys only; the others replace the data.

    SpecError when another controller owns the Secret, because taking it over would end in a fight.
    """
    owner = found["metadata"]
    secret: Object = copy.deepcopy(before) if before is not None else {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": target_name(found), "namespace": owner["namespace"]},
        "type": "Opaque",
    }  # fmt: skip
    if policy == "Merge":
        secret["data"] = {**(secret.get("data") or {}), **encoded}
        return secret
    template = (found["spec"].get("target") or {}).get("template") or {}
    if before is None and template.get("type"):
        secret["type"] = template["type"]
    metadata = secret["metadata"]
    metadata["labels"] = {
        **(metadata.get("labels") or {}), **inherited(found, template, "labels"), rules.MANAGED_LABEL: "true"
    }  # fmt: skip
    secret["data"] = encoded
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        **inherited(found, template, "annotations"),
        rules.HASH_ANNOTATION: rules.data_hash(encoded),
    }
    others = [item for item in metadata.get("ownerReferences") or [] if item.get("uid") != owner["uid"]]
    if policy == "Owner":
        controller = next((item for item in others if item.get("controller")), None)
        if controller is not None:
            raise SpecError(f"Secret {metadata['name']} belongs to {controller['kind']} {controller['name']}")
        others.append({
            "apiVersion": found["apiVersion"],
            "kind": found["kind"],
            "name": owner["name"],
            "uid": owner["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        })  # fmt: skip
    if others or "ownerReferences" in metadata:
        metadata["ownerReferences"] = others
    return secret


def inherited(found: Object, template: Mapping[str, Any], field: str) -> dict[str, str]:
    """Labels or annotations of the Secret: the template's, or without one those of the ExternalSecret itself."""
    if "metadata" in template:
        return dict(template["metadata"].get(field) or {})
    own = found["metadata"].get(field) or {}
    # Do not copy kubectl's annotation, which would make the Secret look applied by kubectl.
    return {name: value for name, value in own.items() if name != "kubectl.kubernetes.io/last-applied-configuration"}
