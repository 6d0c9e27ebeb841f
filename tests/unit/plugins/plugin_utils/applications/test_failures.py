"""Which applications a failed object stops, and what the run says of them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.failures import (
    failed_applications,
    failure_report,
    without_failed,
)


def item(kind: str, name: str, instance: str, label: str = "", **spec: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": label or name, "app.kubernetes.io/instance": instance}
    return {"kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


def workload(
    kind: str, name: str, instance: str, label: str, secret: str = "", image: str = "flask:1"
) -> dict[str, Any]:
    sources = [{"configMapRef": {"name": f"{label}-config-1"}}, {"secretRef": {"name": secret or "credentials"}}]
    volumes = [{"name": "ca", "configMap": {"name": "ca-1"}}]
    pod = {"containers": [{"name": label, "image": image, "envFrom": sources}], "volumes": volumes}
    return item(kind, name, instance, label, template={"spec": pod})


MANIFESTS = [
    {"kind": "Namespace", "metadata": {"name": "flask"}},
    item("ConfigMap", "ca-1", "shared"),
    item("ExternalSecret", "credentials", "shared", target={"name": "credentials"}),
    item("ServiceAccount", "migrate", "shared"),
    workload("Job", "migrate-1", "shared", "migrate"),
    item("Ingress", "api", "api"),
    workload("Deployment", "api-a", "api", "api"),
    workload("Deployment", "worker-a", "worker", "worker"),
    item("ExternalSecret", "own-secret", "own", target={"name": "own-secret"}),
    workload("Job", "own-migrate-1", "own", "own-migrate", "own-secret"),
    workload("Deployment", "own-a", "own", "own", "own-secret"),
    workload("Deployment", "web-a", "web", "web", "own-secret", image="web:2"),
]


@pytest.mark.parametrize(
    ("kind", "name", "stopped"),
    [
        ("Deployment", "api-a", {"api"}),
        ("Ingress", "api", {"api"}),
        ("Job", "own-migrate-1", {"own"}),
        ("ExternalSecret", "own-secret", {"own", "web"}),
        ("Job", "migrate-1", {"shared", "api", "worker"}),
        ("ServiceAccount", "migrate", {"shared", "api", "worker"}),
        ("ExternalSecret", "credentials", {"shared", "api", "worker"}),
        ("ConfigMap", "ca-1", {"shared", "api", "worker", "own", "web"}),
        ("Deployment", "unknown", {"shared"}),
    ],
)
def test_what_an_object_stops(kind: str, name: str, stopped: set[str]) -> None:
    failed = failed_applications(MANIFESTS, [{"kind": kind, "name": name, "message": "why"}])
    assert set(failed) == stopped
    assert all(messages == ["why"] for messages in failed.values())


def test_the_others_go_on() -> None:
    names = [entry["metadata"]["name"] for entry in without_failed(MANIFESTS, {"api": ["why"], "shared": ["why"]})]
    assert names == [
        "flask",
        "ca-1",
        "credentials",
        "migrate",
        "worker-a",
        "own-secret",
        "own-migrate-1",
        "own-a",
        "web-a",
    ]
    assert without_failed(MANIFESTS, {}) == MANIFESTS


def test_the_report_names_each_application_and_says_a_common_cause_once() -> None:
    failed = {"shared": ["Job failed"], "api": ["Job failed", "no image"], "worker": ["Job failed"]}
    assert failure_report(failed, ["api", "worker", "own"]).splitlines() == [
        "flask_app_applications: 2 of 3 not deployed: api, worker; the others are deployed",
        "api, worker: Job failed",
        "api: no image",
    ]
    assert failure_report({"api": ["x"]}, ["api"]).startswith("flask_app_applications: 1 of 1 not deployed: api\n")


def test_the_report_names_the_cause_when_only_a_shared_object_failed() -> None:
    assert failure_report({"shared": ["Job failed"]}, ["own"]).splitlines() == [
        "flask_app_applications: all are deployed, but objects that they share are not",
        "shared: Job failed",
    ]
