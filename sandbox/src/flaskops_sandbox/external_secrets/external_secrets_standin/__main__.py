"""Watches ExternalSecrets and stores and keeps Secrets up to date, until SIGTERM."""

from __future__ import annotations

import http.server
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from .aws import SecretsManager
from .kubernetes_api import PLURALS, WATCH_FOR, KubernetesCluster, Watcher
from .queue import Key, Queue
from .reconcile import Conflict, Object, Reconciler, Result
from .spec import synced_version

log = logging.getLogger("external-secrets")

WORKERS = 4
RESYNC_EVERY = 600.0
HEALTH_PORT = 8082

# A watch without events for this long hangs; then the liveness probe fails and the kubelet restarts the process.
HANGS_AFTER = WATCH_FOR + 120.0


def identity(found: Object) -> tuple[str, str, bool]:
    """Return the parts of an object that trigger a reconciliation: spec, labels, annotations and deletion."""
    metadata = found["metadata"]
    return metadata.get("uid", ""), synced_version(found), "deletionTimestamp" in metadata


class Controller:
    """Queues changes from the watches and processes them in several threads."""

    def __init__(self, cluster: KubernetesCluster, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._queue = Queue()
        self._known: dict[Key, Object] = {}
        self._lock = threading.Lock()
        self.watchers = [Watcher(cluster, kind, self.seen) for kind in (*PLURALS, "Secret")]

    def seen(self, kind: str, found: Object, gone: bool) -> None:
        """Queue the affected objects: the object, the owner of a Secret, or the users of a store."""
        metadata = found["metadata"]
        namespace = metadata.get("namespace") or ""
        if kind == "Secret":
            for key in self._known_keys():
                if key.kind == "ExternalSecret" and key.namespace == namespace and self._targets(key, metadata["name"]):
                    self._queue.add(key)
            return
        key = Key(kind, namespace, metadata["name"])
        with self._lock:
            before = self._known.pop(key, None)
            if not gone:
                self._known[key] = found
        if before is not None and not gone and identity(before) == identity(found):
            # We changed the status ourselves; another reconciliation would defeat the backoff.
            return
        if not gone:
            self._queue.add(key)
        if kind != "ExternalSecret":
            for user in self._known_keys():
                if user.kind == "ExternalSecret" and self._uses(user, key):
                    self._queue.add(user)

    def _known_keys(self) -> list[Key]:
        with self._lock:
            return list(self._known)

    def _spec(self, key: Key) -> Mapping[str, Object]:
        with self._lock:
            return self._known.get(key, {}).get("spec") or {}

    def _targets(self, key: Key, secret: str) -> bool:
        return ((self._spec(key).get("target") or {}).get("name") or key.name) == secret

    def _uses(self, key: Key, store: Key) -> bool:
        reference = self._spec(key).get("secretStoreRef") or {}
        same_kind = (reference.get("kind") or "SecretStore") == store.kind
        return same_kind and reference.get("name") == store.name and store.namespace in ("", key.namespace)

    def run(self) -> None:
        for watcher in self.watchers:
            watcher.start()
        for number in range(WORKERS):
            threading.Thread(target=self._work, name=f"worker {number}", daemon=True).start()
        threading.Thread(target=self._resync, name="resync", daemon=True).start()

    def _resync(self) -> None:
        while True:
            time.sleep(RESYNC_EVERY)
            for key in self._known_keys():
                self._queue.add(key)

    def _work(self) -> None:
        while True:
            key = self._queue.take()
            if key is None:
                continue
            result = Result(failed=True)
            try:
                result = self._reconcile(key)
            except Conflict:
                log.info("%s/%s: changed by another client meanwhile", key.namespace, key.name)
            except (ApiException, urllib3.exceptions.HTTPError, OSError) as error:
                detail = f"{error.status} {error.reason}" if isinstance(error, ApiException) else type(error).__name__
                log.warning("%s %s/%s: Kubernetes API: %s", key.kind, key.namespace, key.name, detail)
            finally:
                self._queue.done(key, result.failed)
            if result.after is not None:
                self._queue.add(key, result.after)

    def _reconcile(self, key: Key) -> Result:
        if key.kind == "ExternalSecret":
            return self._reconciler.external_secret(key.namespace, key.name)
        return self._reconciler.store(key.kind, key.namespace, key.name)

    def ready(self) -> bool:
        return all(watcher.listed.is_set() for watcher in self.watchers)

    def alive(self) -> bool:
        now = time.monotonic()
        return all(watcher.is_alive() and now - watcher.alive_at < HANGS_AFTER for watcher in self.watchers)


def serve_health(controller: Controller, port: int) -> http.server.ThreadingHTTPServer:
    """/healthz: the watches live; /readyz: everything was listed once."""
    checks = {"/healthz": controller.alive, "/readyz": controller.ready}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            check = checks.get(self.path)
            self.send_response(404 if check is None else 200 if check() else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The kubelet asks every few seconds; that is not news."""

    server = http.server.ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def main() -> int:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if "KUBECONFIG" in os.environ:
        config.load_kube_config()  # type: ignore[no-untyped-call]
    else:
        config.load_incluster_config()  # type: ignore[no-untyped-call]
    cluster = KubernetesCluster(client.ApiClient())
    controller = Controller(cluster, Reconciler(cluster, SecretsManager()))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve_health(controller, int(os.environ.get("HEALTH_PORT", HEALTH_PORT)))
    controller.run()
    stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
