"""The shared ExternalSecret, and those of applications that have a Secret of their own."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter.applications import secret_versions, stored_secrets
from application_cases import API, WORKER, at, find, render

OWN: dict[str, Any] = {
    **WORKER,
    "secret": {
        "own": True,
        "keys": ["REDIS_PASSWORD"],
        "data": [{"key": "TOKEN", "secret": "shop/token"}],
    },
}


def test_the_shared_one() -> None:
    made = find(render(), "ExternalSecret", "flask-app-secret")
    assert made["spec"] == {
        "refreshInterval": "10s",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws-secret-store"},
        "target": {"name": "flask-app-secret", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [
            {"secretKey": "DATABASE_USER", "remoteRef": {"key": "flask/database", "property": "username"}},
            {"secretKey": "DATABASE_PASSWORD", "remoteRef": {"key": "flask/database", "property": "password"}},
            {"secretKey": "REDIS_PASSWORD", "remoteRef": {"key": "flask/cache", "property": "password"}},
            {"secretKey": "SECRET_KEY", "remoteRef": {"key": "flask/application", "property": "secret_key"}},
        ],
    }
    assert "annotations" not in made["metadata"]


def test_additional_data_and_a_forced_sync() -> None:
    manifests = render(
        inventory={"secret_data": [{"key": "TOKEN", "secret": "shop/token"}]}, external_secret={"force_sync": "2"}
    )
    made = find(manifests, "ExternalSecret", "flask-app-secret")
    assert at(made, "spec/data/4") == {"secretKey": "TOKEN", "remoteRef": {"key": "shop/token"}}
    assert made["metadata"]["annotations"] == {"force-sync": "2"}


def test_an_own_one_holds_only_what_the_application_uses() -> None:
    manifests = render(API, OWN, secret_versions={"flask-app-secret": "abc", "worker-secret": "def"})
    made = find(manifests, "ExternalSecret", "worker-secret")
    assert at(made, "spec/target/name") == "worker-secret"
    assert made["spec"]["data"] == [
        {"secretKey": "REDIS_PASSWORD", "remoteRef": {"key": "flask/cache", "property": "password"}},
        {"secretKey": "TOKEN", "remoteRef": {"key": "shop/token"}},
    ]
    assert made["metadata"]["labels"]["app.kubernetes.io/instance"] == "worker"
    pods = {name: find(manifests, "Deployment", name)["spec"]["template"] for name in ("api", "worker")}
    secrets = {name: at(pod, "spec/containers/0/envFrom/1/secretRef/name") for name, pod in pods.items()}
    versions = {name: at(pod, "metadata/annotations/flaskops.eks~secret-version") for name, pod in pods.items()}
    assert secrets == {"api": "flask-app-secret", "worker": "worker-secret"}
    assert versions == {"api": "abc", "worker": "def"}


def test_none_when_the_secrets_exist_already() -> None:
    manifests = render(API, OWN, inventory={"external_secret": {"enabled": False}})
    assert "ExternalSecret" not in {item["kind"] for item in manifests}


@pytest.mark.parametrize(
    ("data", "defaults", "applications", "names"),
    [
        ([], {}, [API, WORKER], []),
        ([{"key": "A", "secret": "shop/a"}], {}, [OWN], ["shop/a", "shop/token"]),
        ([], {"secret": OWN["secret"]}, [OWN], ["shop/token"]),
        ([], {"secret": None}, [{"name": "api", "secret": {"own": True}}], []),
    ],
    ids=["none", "shared and own", "defaults and own", "no data"],
)
def test_the_operator_may_read_what_the_secrets_name(
    data: list[Any], defaults: dict[str, Any], applications: list[dict[str, Any]], names: list[str]
) -> None:
    assert stored_secrets(data, defaults, applications) == names


def test_versions_of_secrets_by_name() -> None:
    annotations = {"reconcile.external-secrets.io/data-hash": "abc"}
    found = [
        {"metadata": {"name": "flask-app-secret", "annotations": annotations}},
        {"metadata": {"name": "by-hand", "annotations": None}},
    ]
    assert secret_versions(found) == {"flask-app-secret": "abc"}
