"""The shared ExternalSecret, and those of applications that have a Secret of their own."""

from __future__ import annotations

from typing import Any

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
