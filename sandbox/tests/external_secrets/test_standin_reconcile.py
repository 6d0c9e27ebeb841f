"""The stand-in with an in-memory cluster: policies, refresh, status, failures."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flaskops_sandbox.external_secrets.external_secrets_standin.reconcile import (
    UNREADABLE,
    Conflict,
    Reconciler,
    Result,
)
from flaskops_sandbox.external_secrets.external_secrets_standin.spec import (
    HASH_ANNOTATION,
    MANAGED_LABEL,
    Remote,
    SourceError,
    SourceMissing,
)

Object = dict[str, Any]


class MemoryCluster:
    """Objects by name; writes bump the resourceVersion, and a stale one is refused as by the API server."""

    def __init__(self) -> None:
        self.external_secrets: dict[str, Object] = {}
        self.stores: dict[str, Object] = {}
        self.secrets: dict[str, Object] = {}
        self.writes: list[str] = []
        self._version = 100

    def _bump(self, found: Object) -> Object:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        return found

    def external_secret(self, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self.external_secrets.get(name))

    def set_external_secret_status(self, namespace: str, name: str, status: Object) -> None:
        self.writes.append("status")
        self.external_secrets[name].setdefault("status", {}).update(copy.deepcopy(status))

    def store(self, kind: str, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self.stores.get(f"{kind}/{name}"))

    def set_store_status(self, kind: str, namespace: str, name: str, status: Object) -> None:
        self.writes.append("store status")
        kept = {key: value for key, value in status.items() if value is not None}
        self.stores[f"{kind}/{name}"]["status"] = copy.deepcopy(kept)

    def namespace_labels(self, namespace: str) -> Mapping[str, str]:
        return {"team": "web"}

    def secret(self, namespace: str, name: str) -> Object | None:
        return copy.deepcopy(self.secrets.get(name))

    def create_secret(self, secret: Object) -> None:
        self.writes.append("create")
        assert secret["metadata"]["name"] not in self.secrets
        self.secrets[secret["metadata"]["name"]] = self._bump(copy.deepcopy(secret))

    def replace_secret(self, secret: Object) -> None:
        name = secret["metadata"]["name"]
        if secret["metadata"]["resourceVersion"] != self.secrets[name]["metadata"]["resourceVersion"]:
            raise Conflict("stale")
        self.writes.append("replace")
        self.secrets[name] = self._bump(copy.deepcopy(secret))

    def delete_secret(self, namespace: str, name: str) -> None:
        self.writes.append("delete")
        del self.secrets[name]

    def data(self, name: str = "flask-app-secret") -> dict[str, str]:
        return {key: base64.b64decode(value).decode() for key, value in self.secrets[name]["data"].items()}


class MemorySource:
    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.reads: list[tuple[str, str]] = []
        self.trouble: SourceError | None = None
        self.credentials = True

    def check(self, region: str) -> None:
        if not self.credentials:
            raise SourceError("no AWS credentials")

    def read(self, region: str, remote: Remote) -> bytes:
        self.reads.append((region, remote.key))
        if self.trouble is not None:
            raise self.trouble
        if remote.key not in self.contents:
            raise SourceMissing(f"secret {remote.key}: ResourceNotFoundException")
        return self.contents[remote.key]


class Bench:
    """One ExternalSecret as written by the roles, with a controller and a fake clock."""

    def __init__(self) -> None:
        self.cluster, self.source = MemoryCluster(), MemorySource()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.reconciler = Reconciler(self.cluster, self.source, lambda: self.now)
        self.source.contents["flask/database"] = json.dumps({"username": "app", "password": "one"}).encode()
        self.cluster.stores["ClusterSecretStore/aws-secret-store"] = {
            "metadata": {"name": "aws-secret-store"},
            "spec": {"provider": {"aws": {"service": "SecretsManager", "region": "eu-west-1"}}},
        }
        self.found: Object = {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {
                "name": "flask-app",
                "namespace": "flask",
                "uid": "uid-1",
                "generation": 1,
                "labels": {"app": "flask"},
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            },
            "spec": {
                "refreshInterval": "10s",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws-secret-store"},
                "target": {"name": "flask-app-secret", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
                "data": [
                    {"secretKey": "DATABASE_USER", "remoteRef": {"key": "flask/database", "property": "username"}},
                    {"secretKey": "DATABASE_PASSWORD", "remoteRef": {"key": "flask/database", "property": "password"}},
                ],
            },
        }
        self.cluster.external_secrets["flask-app"] = self.found

    def run(self, later: float = 0) -> Result:
        self.now += timedelta(seconds=later)
        self.cluster.writes.clear()
        return self.reconciler.external_secret("flask", "flask-app")

    def rotate(self, password: str) -> None:
        self.source.contents["flask/database"] = json.dumps({"username": "app", "password": password}).encode()

    @property
    def status(self) -> Object:
        return dict(self.found["status"])

    @property
    def ready(self) -> tuple[str, str, str]:
        found = self.status["conditions"][0]
        return found["status"], found["reason"], found["message"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_first_sync_writes_the_secret_and_the_status(bench: Bench) -> None:
    assert bench.run() == Result(after=10)
    secret = bench.cluster.secrets["flask-app-secret"]
    assert bench.cluster.data() == {"DATABASE_USER": "app", "DATABASE_PASSWORD": "one"}
    assert bench.source.reads == [("eu-west-1", "flask/database")], "one read for both properties"
    assert secret["metadata"]["labels"] == {"app": "flask", MANAGED_LABEL: "true"}
    assert list(secret["metadata"]["annotations"]) == [HASH_ANNOTATION]
    assert secret["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "name": "flask-app",
            "uid": "uid-1",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert bench.ready == ("True", "SecretSynced", "secret synced")
    assert bench.status["refreshTime"] == "2026-01-01T00:00:00Z"
    assert bench.status["binding"] == {"name": "flask-app-secret"}
    assert bench.status["syncedResourceVersion"].startswith("1-")


def test_nothing_happens_before_the_interval_and_a_new_value_arrives_after_it(bench: Bench) -> None:
    bench.run()
    bench.rotate("two")
    assert bench.run(later=4) == Result(after=6)
    assert bench.cluster.writes == [] and bench.cluster.data()["DATABASE_PASSWORD"] == "one"
    assert bench.run(later=6) == Result(after=10)
    assert bench.cluster.writes == ["replace", "status"]
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "two"
    assert bench.status["refreshTime"] == "2026-01-01T00:00:10Z"


def test_an_unchanged_value_moves_the_refresh_time_only(bench: Bench) -> None:
    bench.run()
    transition = bench.status["conditions"][0]["lastTransitionTime"]
    bench.run(later=10)
    assert bench.cluster.writes == ["status"]
    assert bench.status["refreshTime"] == "2026-01-01T00:00:10Z"
    assert bench.status["conditions"][0]["lastTransitionTime"] == transition


def test_interval_zero_reads_once_until_forced(bench: Bench) -> None:
    bench.found["spec"]["refreshInterval"] = "0"
    assert bench.run() == Result()
    bench.rotate("two")
    assert bench.run(later=86_400) == Result()
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "one"
    bench.found["metadata"]["annotations"]["force-sync"] = "1"
    bench.run()
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "two"


def test_force_sync_and_a_changed_spec_refresh_at_once(bench: Bench) -> None:
    bench.run()
    bench.rotate("two")
    bench.found["metadata"]["annotations"]["force-sync"] = "1"
    bench.run(later=1)
    assert bench.status["refreshTime"] == "2026-01-01T00:00:01Z"
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "two"
    bench.found["spec"]["data"].pop()
    bench.found["metadata"]["generation"] = 2
    bench.run(later=1)
    assert bench.cluster.data() == {"DATABASE_USER": "app"}


@pytest.mark.parametrize("damage", ["deleted", "edited"])
def test_deleted_or_edited_secret_is_restored_immediately(bench: Bench, damage: str) -> None:
    bench.run()
    if damage == "deleted":
        del bench.cluster.secrets["flask-app-secret"]
    else:
        bench.cluster.secrets["flask-app-secret"]["data"]["DATABASE_PASSWORD"] = "eA=="
    bench.run(later=1)
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "one"


def test_an_unreadable_source_fails_and_recovers(bench: Bench) -> None:
    bench.source.trouble = SourceError("AccessDeniedException")
    assert bench.run() == Result(failed=True)
    assert bench.ready == ("False", "SecretSyncedError", UNREADABLE)
    assert "refreshTime" not in bench.status and bench.cluster.secrets == {}
    assert bench.run(later=1) == Result(failed=True)
    assert bench.cluster.writes == [], "the same failure is not written again"
    bench.source.trouble = None
    assert bench.run(later=1) == Result(after=10)
    assert bench.ready[0] == "True"


def test_a_failing_refresh_keeps_the_secret(bench: Bench) -> None:
    bench.run()
    del bench.source.contents["flask/database"]
    assert bench.run(later=10) == Result(failed=True)
    assert bench.ready == ("False", "SecretSyncedError", UNREADABLE)
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "one"
    assert bench.status["refreshTime"] == "2026-01-01T00:00:00Z"


def test_deletion_policy_delete_follows_the_source(bench: Bench) -> None:
    bench.found["spec"]["target"]["deletionPolicy"] = "Delete"
    bench.run()
    del bench.source.contents["flask/database"]
    bench.run(later=10)
    assert bench.cluster.secrets == {}
    assert bench.ready == ("True", "SecretDeleted", "secret deleted due to DeletionPolicy")
    bench.rotate("back")
    bench.run(later=10)
    assert bench.cluster.data()["DATABASE_PASSWORD"] == "back"


def test_deletion_policy_delete_keeps_a_secret_of_another_owner(bench: Bench) -> None:
    bench.found["spec"]["target"]["deletionPolicy"] = "Delete"
    bench.source.contents.clear()
    bench.cluster.secrets["flask-app-secret"] = {"metadata": {"name": "flask-app-secret"}, "data": {}}
    bench.run()
    assert "flask-app-secret" in bench.cluster.secrets


def test_orphan_has_no_owner(bench: Bench) -> None:
    bench.run()
    bench.found["spec"]["target"]["creationPolicy"] = "Orphan"
    bench.found["metadata"]["generation"] = 2
    bench.run()
    assert bench.cluster.secrets["flask-app-secret"]["metadata"]["ownerReferences"] == []
    assert bench.cluster.secrets["flask-app-secret"]["metadata"]["labels"][MANAGED_LABEL] == "true"


def test_merge_changes_its_own_keys_only_and_needs_a_secret(bench: Bench) -> None:
    bench.found["spec"]["target"]["creationPolicy"] = "Merge"
    assert bench.run() == Result(failed=True)
    theirs = {"metadata": {"name": "flask-app-secret", "resourceVersion": "1"}, "data": {"KEEP": "eA=="}}
    bench.cluster.secrets["flask-app-secret"] = theirs
    bench.run()
    assert bench.cluster.data() == {"KEEP": "x", "DATABASE_USER": "app", "DATABASE_PASSWORD": "one"}
    assert "labels" not in bench.cluster.secrets["flask-app-secret"]["metadata"]


def test_none_writes_no_secret(bench: Bench) -> None:
    bench.found["spec"]["target"]["creationPolicy"] = "None"
    assert bench.run() == Result(after=10)
    assert bench.cluster.secrets == {} and bench.ready[0] == "True"


def test_secret_of_another_controller_is_not_changed(bench: Bench) -> None:
    owner = {"kind": "ExternalSecret", "name": "other", "uid": "uid-2", "controller": True}
    bench.cluster.secrets["flask-app-secret"] = {
        "metadata": {"name": "flask-app-secret", "resourceVersion": "1", "ownerReferences": [owner]},
        "data": {"a": "eA=="},
    }
    assert bench.run() == Result()
    assert bench.ready == ("False", "SecretSyncedError", "Secret flask-app-secret belongs to ExternalSecret other")
    assert bench.cluster.data() == {"a": "x"}


def test_conflict_is_retried(bench: Bench) -> None:
    bench.run()
    bench.rotate("two")
    read = bench.cluster.secret

    def stale(namespace: str, name: str) -> Object | None:
        found = read(namespace, name)
        assert found is not None
        found["metadata"]["resourceVersion"] = "1"
        return found

    bench.cluster.secret = stale  # type: ignore[method-assign]
    with pytest.raises(Conflict):
        bench.run(later=10)
    assert bench.cluster.writes == []


def test_template_type_and_metadata(bench: Bench) -> None:
    bench.found["spec"]["target"]["template"] = {
        "type": "kubernetes.io/basic-auth",
        "metadata": {"labels": {"from": "template"}},
    }
    bench.run()
    secret = bench.cluster.secrets["flask-app-secret"]
    assert secret["type"] == "kubernetes.io/basic-auth"
    assert secret["metadata"]["labels"] == {"from": "template", MANAGED_LABEL: "true"}


def test_data_from_extract_comes_first_and_data_wins(bench: Bench) -> None:
    bench.found["spec"]["dataFrom"] = [{"extract": {"key": "flask/database"}}]
    bench.found["spec"]["data"] = [{"secretKey": "password", "remoteRef": {"key": "other"}}]
    bench.source.contents["other"] = b"whole"
    bench.run()
    assert bench.cluster.data() == {"username": "app", "password": "whole"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataFrom": [{"find": {"name": {"regexp": ".*"}}}]}, "spec.dataFrom[0].find"),
        ({"refreshInterval": "soon"}, "spec.refreshInterval"),
    ],
)
def test_unsupported_fields_are_named(bench: Bench, change: Object, message: str) -> None:
    bench.found["spec"].update(change)
    assert bench.run() == Result(), "waiting does not help"
    assert bench.ready[:2] == ("False", "SecretSyncedError") and message in bench.ready[2]
    assert bench.cluster.secrets == {}


@pytest.mark.parametrize(
    ("store", "result"),
    [
        (None, Result(failed=True)),
        ({"provider": {"aws": {"service": "SecretsManager", "region": "eu-west-1"}},
          "conditions": [{"namespaces": ["elsewhere"]}]}, Result()),
        ({"provider": {"aws": {"service": "SecretsManager", "region": "eu-west-1", "role": "r"}}}, Result()),
    ],
)  # fmt: skip
def test_unusable_store(bench: Bench, store: Object | None, result: Result) -> None:
    if store is None:
        bench.cluster.stores.clear()
    else:
        bench.cluster.stores["ClusterSecretStore/aws-secret-store"]["spec"] = store
    assert bench.run() == result
    assert bench.ready[0] == "False" and bench.source.reads == []


def test_store_status(bench: Bench) -> None:
    def run() -> Result:
        bench.cluster.writes.clear()
        return bench.reconciler.store("ClusterSecretStore", "", "aws-secret-store")

    store = bench.cluster.stores["ClusterSecretStore/aws-secret-store"]
    assert run() == Result()
    assert store["status"]["capabilities"] == "ReadWrite"
    condition = store["status"]["conditions"][0]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", "True", "Valid")
    assert run() == Result() and bench.cluster.writes == []

    bench.source.credentials = False
    assert run() == Result(failed=True)
    assert store["status"]["conditions"][0]["reason"] == "ValidationFailed" and "capabilities" not in store["status"]
    store["spec"]["provider"]["aws"]["auth"] = {"jwt": {}}
    assert run() == Result()
    assert "spec.provider.aws.auth" in store["status"]["conditions"][0]["message"]


@pytest.mark.parametrize("gone", ["absent", "deleting"])
def test_deleted_objects_are_ignored(bench: Bench, gone: str) -> None:
    if gone == "absent":
        bench.cluster.external_secrets.clear()
    else:
        bench.found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert bench.run() == Result()
    assert bench.cluster.writes == []
