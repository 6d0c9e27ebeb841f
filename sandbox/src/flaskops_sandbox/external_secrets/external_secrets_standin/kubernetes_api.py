"""The Kubernetes API by the official client: reads, writes, and one watch a kind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import urllib3
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from . import GROUP, VERSION
from .reconcile import Conflict, Object
from .spec import MANAGED_LABEL

log = logging.getLogger("external-secrets")

PLURALS = {
    "ExternalSecret": "externalsecrets",
    "SecretStore": "secretstores",
    "ClusterSecretStore": "clustersecretstores",
}

# Seconds. A watch ends by itself after this, and the next one goes on from where it ended.
WATCH_FOR = 240
PAUSE_AFTER_ERROR = 2.0
REQUEST_TIMEOUT = (5, 15)

GONE, CONFLICT, NOT_FOUND = 410, 409, 404


class KubernetesCluster:
    """`Cluster` of reconcile.py over a configured ApiClient."""

    def __init__(self, api: Any) -> None:
        # The client's types know models only, and plain dicts are what everything here works on.
        self._api: Any = api
        self._custom: Any = client.CustomObjectsApi(api)
        self._core: Any = client.CoreV1Api(api)

    def external_secret(self, namespace: str, name: str) -> Object | None:
        return _found(
            lambda: self._custom.get_namespaced_custom_object(
                GROUP, VERSION, namespace, PLURALS["ExternalSecret"], name, _request_timeout=REQUEST_TIMEOUT
            )
        )

    def set_external_secret_status(self, namespace: str, name: str, status: Object) -> None:
        self._patch_status("ExternalSecret", namespace, name, status)

    def store(self, kind: str, namespace: str, name: str) -> Object | None:
        if kind == "ClusterSecretStore":
            return _found(
                lambda: self._custom.get_cluster_custom_object(
                    GROUP, VERSION, PLURALS[kind], name, _request_timeout=REQUEST_TIMEOUT
                )
            )
        return _found(
            lambda: self._custom.get_namespaced_custom_object(
                GROUP, VERSION, namespace, PLURALS[kind], name, _request_timeout=REQUEST_TIMEOUT
            )
        )

    def set_store_status(self, kind: str, namespace: str, name: str, status: Object) -> None:
        self._patch_status(kind, namespace, name, status)

    def _patch_status(self, kind: str, namespace: str, name: str, status: Object) -> None:
        options: dict[str, Any] = {
            "_content_type": "application/merge-patch+json",
            "_request_timeout": REQUEST_TIMEOUT,
        }
        body = {"status": status}
        if kind == "ClusterSecretStore":
            self._custom.patch_cluster_custom_object_status(GROUP, VERSION, PLURALS[kind], name, body, **options)
        else:
            self._custom.patch_namespaced_custom_object_status(
                GROUP, VERSION, namespace, PLURALS[kind], name, body, **options
            )

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        found = self._core.read_namespace(namespace, _request_timeout=REQUEST_TIMEOUT)
        return found.metadata.labels or {}

    def secret(self, namespace: str, name: str) -> Object | None:
        return _found(
            lambda: self.plain(self._core.read_namespaced_secret(name, namespace, _request_timeout=REQUEST_TIMEOUT))
        )

    def create_secret(self, secret: Object) -> None:
        _written(
            lambda: self._core.create_namespaced_secret(
                secret["metadata"]["namespace"], secret, _request_timeout=REQUEST_TIMEOUT
            )
        )

    def replace_secret(self, secret: Object) -> None:
        """Replace a Secret. Its resourceVersion makes the write fail after a concurrent change."""
        metadata = secret["metadata"]
        _written(
            lambda: self._core.replace_namespaced_secret(
                metadata["name"], metadata["namespace"], secret, _request_timeout=REQUEST_TIMEOUT
            )
        )

    def delete_secret(self, namespace: str, name: str) -> None:
        _found(
            lambda: self.plain(self._core.delete_namespaced_secret(name, namespace, _request_timeout=REQUEST_TIMEOUT))
        )

    def lister(self, kind: str) -> Callable[..., Any]:
        """The list call of a kind, which is the watch call as well. Of Secrets, only those that are managed."""
        if kind == "Secret":
            return lambda **options: self._core.list_secret_for_all_namespaces(
                label_selector=f"{MANAGED_LABEL}=true", **options
            )
        return lambda **options: self._custom.list_cluster_custom_object(GROUP, VERSION, PLURALS[kind], **options)

    def plain(self, found: Any) -> Object:
        return dict(self._api.sanitize_for_serialization(found))


def _found(call: Callable[[], Any]) -> Object | None:
    try:
        return dict(call())
    except ApiException as error:
        if error.status == NOT_FOUND:
            return None
        raise


def _written(call: Callable[[], Any]) -> None:
    try:
        call()
    except ApiException as error:
        if error.status == CONFLICT:
            raise Conflict(str(error.reason)) from error
        raise


class Watcher(threading.Thread):
    """Calls `seen` (kind, object, whether it is gone) once for every object listed and then at every change.

    Never ends by itself.
    """

    def __init__(self, cluster: KubernetesCluster, kind: str, seen: Callable[[str, Object, bool], None]) -> None:
        super().__init__(name=f"watch {kind}", daemon=True)
        self.listed = threading.Event()
        self.alive_at = time.monotonic()
        self._cluster, self._kind, self._seen = cluster, kind, seen

    def run(self) -> None:
        version = ""
        while True:
            try:
                version = version or self._list()
                for gone, found in self._changes(version):
                    version = found["metadata"]["resourceVersion"]
                    self._seen(self._kind, found, gone)
                self.alive_at = time.monotonic()
            except ApiException as error:
                version = ""
                if error.status != GONE:
                    log.warning("watch of %s: %s %s", self._kind, error.status, error.reason)
                    time.sleep(PAUSE_AFTER_ERROR)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                version = ""
                log.warning("watch of %s: %s", self._kind, type(error).__name__)
                time.sleep(PAUSE_AFTER_ERROR)

    def _list(self) -> str:
        found = self._cluster.plain(self._cluster.lister(self._kind)(_request_timeout=REQUEST_TIMEOUT))
        for item in found["items"]:
            self._seen(self._kind, item, False)
        self.listed.set()
        self.alive_at = time.monotonic()
        return str(found["metadata"]["resourceVersion"])

    def _changes(self, version: str) -> Iterator[tuple[bool, Object]]:
        following: Any = watch.Watch()  # type: ignore[no-untyped-call]
        stream = following.stream(
            self._cluster.lister(self._kind),
            resource_version=version,
            timeout_seconds=WATCH_FOR,
            _request_timeout=(5, WATCH_FOR + 30),
        )
        for event in stream:
            self.alive_at = time.monotonic()
            if event["type"] == "ERROR":
                raise ApiException(status=event["raw_object"].get("code", GONE), reason="watch ended")
            yield event["type"] == "DELETED", self._cluster.plain(event["raw_object"])
