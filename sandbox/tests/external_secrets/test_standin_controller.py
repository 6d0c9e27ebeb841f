"""Objects that are queued after a change."""

from __future__ import annotations

import copy
import urllib.error
import urllib.request
from typing import Any

import pytest

from flaskops_sandbox.external_secrets.external_secrets_standin.__main__ import Controller, serve_health
from flaskops_sandbox.external_secrets.external_secrets_standin.queue import Key

Object = dict[str, Any]

APP: Object = {
    "metadata": {"name": "app", "namespace": "flask", "uid": "1", "generation": 1},
    "spec": {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws"}, "target": {"name": "app-secret"}},
}
LOCAL: Object = {
    "metadata": {"name": "local", "namespace": "flask", "uid": "2", "generation": 1},
    "spec": {"secretStoreRef": {"name": "aws"}},
}


@pytest.fixture
def controller() -> Controller:
    made = Controller(None, None)  # type: ignore[arg-type]  # neither is asked before run()
    made.seen("ExternalSecret", APP, False)
    made.seen("ExternalSecret", LOCAL, False)
    assert worked(made) == {"app", "local"}
    return made


def worked(controller: Controller) -> set[str]:
    """The names of ExternalSecrets that are due, taken and done."""
    names: set[str] = set()
    while (key := controller._queue.take(timeout=0)) is not None:
        controller._queue.done(key)
        if key.kind == "ExternalSecret":
            names.add(key.name)
    return names


@pytest.mark.parametrize(
    ("path", "value", "due"),
    [
        (("status", "refreshTime"), "now", False),
        (("metadata", "resourceVersion"), "9", False),
        (("metadata", "generation"), 2, True),
        (("metadata", "annotations"), {"force-sync": "1"}, True),
        (("metadata", "uid"), "other", True),
    ],
)
def test_status_changes_are_ignored(controller: Controller, path: tuple[str, str], value: object, due: bool) -> None:
    changed = copy.deepcopy(APP)
    changed.setdefault(path[0], {})[path[1]] = value
    controller.seen("ExternalSecret", changed, False)
    assert worked(controller) == ({"app"} if due else set())


@pytest.mark.parametrize(
    ("kind", "namespace", "users"),
    [
        ("ClusterSecretStore", "", {"app"}),
        ("SecretStore", "flask", {"local"}),
        ("SecretStore", "elsewhere", set()),
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_store_change_queues_its_users(
    controller: Controller, kind: str, namespace: str, users: set[str], gone: bool
) -> None:
    store: Object = {"metadata": {"name": "aws", "generation": 1}, "spec": {}}
    if namespace:
        store["metadata"]["namespace"] = namespace
    controller.seen(kind, store, gone)
    assert worked(controller) == users


@pytest.mark.parametrize(
    ("namespace", "name", "owners"),
    [("flask", "app-secret", {"app"}), ("flask", "local", {"local"}), ("elsewhere", "app-secret", set())],
)
def test_secret_change_queues_its_writer(controller: Controller, namespace: str, name: str, owners: set[str]) -> None:
    controller.seen("Secret", {"metadata": {"name": name, "namespace": namespace}}, True)
    assert worked(controller) == owners


def test_deleted_object_is_new_when_it_is_recreated(controller: Controller) -> None:
    controller.seen("ExternalSecret", APP, True)
    assert worked(controller) == set()
    assert Key("ExternalSecret", "flask", "app") not in controller._known
    controller.seen("ExternalSecret", APP, False)
    assert worked(controller) == {"app"}


def test_ready_after_every_list_and_unhealthy_without_watches(controller: Controller) -> None:
    server = serve_health(controller, 0)
    port = server.server_address[1]

    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    try:
        assert (status("/readyz"), status("/healthz"), status("/other")) == (503, 503, 404)
        for watcher in controller.watchers:
            watcher.listed.set()
        assert status("/readyz") == 200
    finally:
        server.shutdown()
        server.server_close()
