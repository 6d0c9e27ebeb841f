"""The Namespace, the PriorityClasses, and the labels of everything that is applied."""

from __future__ import annotations

from application_cases import API, WORKER, find, render

MANAGED_BY = "app.kubernetes.io/managed-by"


def test_namespace_is_restricted_and_gated() -> None:
    labels = find(render(namespace_labels={"team": "shop"}), "Namespace", "flask")["metadata"]["labels"]
    assert labels == {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
        "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
        MANAGED_BY: "flaskops.eks",
        "team": "shop",
    }


def test_priority_class() -> None:
    assert find(render(), "PriorityClass", "app-normal") == {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "app-normal", "labels": {MANAGED_BY: "flaskops.eks"}},
        "value": 100,
        "globalDefault": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "description": "",
    }


def test_everything_in_the_namespace_tells_its_owner() -> None:
    inside = [
        item
        for item in render(API, {**WORKER, "migration": {"enabled": True}})
        if item["kind"] not in {"Namespace", "PriorityClass"}
    ]
    owners = {item["metadata"]["labels"].get("app.kubernetes.io/instance") for item in inside}
    assert owners == {"shared", "api", "worker"}
    for item in inside:
        labels = item["metadata"]["labels"]
        assert item["metadata"]["namespace"] == "flask"
        assert (labels[MANAGED_BY], labels["app.kubernetes.io/part-of"]) == ("flaskops.eks", "flask")


def test_a_disabled_application_has_nothing() -> None:
    manifests = render({**API, "enabled": False}, WORKER)
    assert not [item for item in manifests if item["metadata"]["name"].startswith("api")]
