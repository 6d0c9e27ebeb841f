"""Migration Jobs: the shared one and an application's own."""

from __future__ import annotations

from typing import Any

import pytest
from application_cases import API, KNOWN, UNKNOWN, WORKER, Manifest, at, find, render

OWN: dict[str, Any] = {
    **WORKER,
    "image": {"repository": "ghcr.io/shop/worker", "tag": "2.0"},
    "environment": {"QUEUE": "mail"},
    "migration": {"enabled": True, "args": ["upgrade"], "backoff_limit": 5},
}


def job(**changes: Any) -> Manifest:
    return find(render(**changes), "Job", "migrate")


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"secret_versions": {"flask-app-secret": "another"}}, True),
        ({"image": {"reference": "registry.example.com/flask:2"}}, False),
        ({"environment": {"LOG_LEVEL": "DEBUG"}}, False),
        ({"inventory": {"migration": {"args": ["migrate", "--verbose"]}}}, False),
    ],
    ids=["nothing changed", "rotated password", "new image", "another environment", "other arguments"],
)
def test_a_migration_runs_once_for_what_it_does(change: dict[str, Any], same: bool) -> None:
    assert (job(**change)["metadata"]["name"] == job()["metadata"]["name"]) is same


def test_a_migration_of_an_image_that_is_not_there_yet_has_no_name_yet() -> None:
    image = {**KNOWN["image"], "reference": f"{UNKNOWN}/flask:1"}
    assert job(image=image)["metadata"]["name"] == f"migrate-{UNKNOWN}"


def test_a_migration_never_restarts_in_place_and_has_no_slot() -> None:
    spec = job()["spec"]
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in spec
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (2, 600)
    container = pod["containers"][0]
    assert container["args"] == ["migrate"]
    assert not {"env", "ports", "lifecycle", "startupProbe"} & set(container)
    assert "flaskops.eks/slot" not in spec["template"]["metadata"]["labels"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_migration_of_an_applications_own() -> None:
    manifests = render(API, OWN)
    made = find(manifests, "Job", "worker-migrate")
    container = at(made, "spec/template/spec/containers/0")
    assert container["image"] == "ghcr.io/shop/worker:2.0"
    assert container["args"] == ["upgrade"]
    assert made["spec"]["backoffLimit"] == 5
    assert find(manifests, "ConfigMap", "worker-migrate")["data"]["QUEUE"] == "mail"
    assert made["metadata"]["labels"] == {
        "app.kubernetes.io/name": "worker-migrate",
        "app.kubernetes.io/instance": "worker",
        "app.kubernetes.io/part-of": "flask",
        "app.kubernetes.io/managed-by": "flaskops.eks",
        "app.kubernetes.io/version": "2.0",
    }
    assert find(manifests, "Job", "migrate")["metadata"]["labels"]["app.kubernetes.io/instance"] == "shared"


def test_no_selector_of_the_application_takes_its_migration() -> None:
    manifests = render(API, OWN)
    labels = at(find(manifests, "Job", "worker-migrate"), "spec/template/metadata/labels")
    for kind in ("PodDisruptionBudget", "Deployment"):
        selected = find(manifests, kind, "worker")["spec"]["selector"]["matchLabels"]
        assert not selected.items() <= labels.items(), kind


def test_none_when_it_is_disabled() -> None:
    manifests = render(inventory={"migration": {"enabled": False}})
    assert not [item for item in manifests if item["metadata"]["name"].startswith("migrate")]
