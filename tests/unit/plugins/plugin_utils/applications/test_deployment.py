"""The Deployment of a slot: its protections, its slot, and what replaces its pods."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release
from application_cases import API, DIGEST, WORKER, at, find, render

POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
VALUES: list[tuple[str, Any]] = [
    ("metadata/name", "api-a"),
    ("spec/strategy/rollingUpdate", {"maxUnavailable": 0, "maxSurge": 1}),
    ("spec/minReadySeconds", 10),
    (f"{POD}/automountServiceAccountToken", False),
    (f"{POD}/enableServiceLinks", False),
    (f"{POD}/serviceAccountName", "api"),
    (f"{POD}/priorityClassName", "app-normal"),
    (f"{POD}/securityContext/runAsNonRoot", True),
    (f"{POD}/securityContext/runAsUser", 10001),
    (f"{POD}/securityContext/runAsGroup", 10001),
    (f"{POD}/securityContext/fsGroup", 10001),
    (f"{POD}/securityContext/seccompProfile/type", "RuntimeDefault"),
    (f"{POD}/terminationGracePeriodSeconds", 80),
    (f"{POD}/topologySpreadConstraints/0/topologyKey", "topology.kubernetes.io/zone"),
    (f"{POD}/topologySpreadConstraints/0/matchLabelKeys", ["pod-template-hash"]),
    (f"{POD}/volumes/0/emptyDir/sizeLimit", "64Mi"),
    (f"{CONTAINER}/securityContext/allowPrivilegeEscalation", False),
    (f"{CONTAINER}/securityContext/readOnlyRootFilesystem", True),
    (f"{CONTAINER}/securityContext/runAsNonRoot", True),
    (f"{CONTAINER}/securityContext/runAsUser", 10001),
    (f"{CONTAINER}/securityContext/privileged", False),
    (f"{CONTAINER}/securityContext/capabilities/drop", ["ALL"]),
    (f"{CONTAINER}/securityContext/seccompProfile/type", "RuntimeDefault"),
    (f"{CONTAINER}/image", f"registry.example.com/flask@{DIGEST}"),
    (f"{CONTAINER}/imagePullPolicy", "Always"),
    (f"{CONTAINER}/args", ["api"]),
    (f"{CONTAINER}/env", [{"name": "APP_SLOT", "value": "a"}]),
    (f"{CONTAINER}/ports/0", {"name": "http", "containerPort": 3000, "protocol": "TCP"}),
    (f"{CONTAINER}/ports/1/name", "metrics"),
    (f"{CONTAINER}/resources/requests/cpu", "50m"),
    (f"{CONTAINER}/resources/requests/memory", "128Mi"),
    (f"{CONTAINER}/resources/limits/cpu", "100m"),
    (f"{CONTAINER}/resources/limits/memory", "256Mi"),
    (f"{CONTAINER}/resources/limits/ephemeral-storage", "256Mi"),
    (f"{CONTAINER}/lifecycle/preStop/sleep/seconds", 40),
    (f"{CONTAINER}/startupProbe/httpGet/path", "/startup"),
    (f"{CONTAINER}/livenessProbe/httpGet/path", "/status"),
    (f"{CONTAINER}/readinessProbe/httpGet/path", "/status"),
    (f"{CONTAINER}/envFrom/1/secretRef/name", "flask-app-secret"),
    (f"{CONTAINER}/volumeMounts/0", {"name": "tmp", "mountPath": "/tmp"}),
    (f"{CONTAINER}/volumeMounts/1/mountPath", "/etc/flask-app/ca"),
    ("spec/template/metadata/annotations/flaskops.eks~secret-version", "abc"),
    ("spec/template/metadata/annotations/flaskops.eks~load-balanced", "true"),
]


@pytest.mark.parametrize(("path", "value"), VALUES, ids=[path for path, _ in VALUES])
def test_value(path: str, value: Any) -> None:
    assert at(find(render(), "Deployment"), path) == value


def test_the_slot_is_in_the_selector_and_in_the_pods() -> None:
    deployment = find(render(releases={"api": Release(active_slot="b")}), "Deployment")
    selected = {"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api", "flaskops.eks/slot": "b"}
    assert deployment["metadata"]["name"] == "api-b"
    assert deployment["spec"]["selector"] == {"matchLabels": selected}
    assert selected.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert at(deployment, f"{CONTAINER}/env") == [{"name": "APP_SLOT", "value": "b"}]


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"LOG_LEVEL": "DEBUG"}},
        {"ca_certificates": "another"},
        {"secret_versions": {"flask-app-secret": "another"}},
        {"image": {"version": "2"}},
    ],
    ids=["environment", "authority", "secret", "version"],
)
def test_what_a_process_reads_once_replaces_the_pods(change: dict[str, Any]) -> None:
    before, after = find(render(), "Deployment"), find(render(**change), "Deployment")
    assert before["spec"]["template"] != after["spec"]["template"]


def test_the_version_of_the_secret_is_the_only_difference_of_manifests_without_a_cluster() -> None:
    asked, rendered = render(), render(secret_versions={"flask-app-secret": ""})
    for old, new in zip(asked, rendered, strict=True):
        if old["kind"] == "Deployment":
            assert old["spec"]["template"]["metadata"]["annotations"].pop("flaskops.eks/secret-version") == "abc"
        if old["kind"] == "Deployment" and not old["spec"]["template"]["metadata"]["annotations"]:
            del old["spec"]["template"]["metadata"]["annotations"]
        assert old == new


def test_pods_without_a_secret_have_neither_it_nor_its_version() -> None:
    deployment = find(render({**API, "secret": {"enabled": False}}), "Deployment")
    assert [list(source) for source in at(deployment, f"{CONTAINER}/envFrom")] == [["configMapRef"]]
    assert "flaskops.eks/secret-version" not in deployment["spec"]["template"]["metadata"]["annotations"]


def test_a_worker_is_not_load_balanced() -> None:
    metadata = find(render(API, WORKER), "Deployment", "worker")["spec"]["template"]["metadata"]
    assert "flaskops.eks/load-balanced" not in metadata["annotations"]


def test_a_release_changes_only_what_runs_it() -> None:
    before, after = render(), render(image={"reference": "registry.example.com/flask:2", "version": "2"})
    changed = {new["kind"] for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {"Deployment", "Job", "ConfigMap"}


def test_manifests_share_nothing() -> None:
    """A change to one part must not reach another one (or YAML would print anchors)."""
    pod = find(render(), "Deployment")["spec"]["template"]["spec"]
    (term,) = pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert pod["topologySpreadConstraints"][0]["labelSelector"] is not term["podAffinityTerm"]["labelSelector"]
