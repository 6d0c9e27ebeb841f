"""The number of pods that a Deployment states, with and without an autoscaler."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.replicas import Running, running_deployments
from application_cases import API, find, render

FIXED = {"autoscaling": {"enabled": False}, "replicas": 4}


@pytest.mark.parametrize(
    ("own", "slot", "running", "stated"),
    [
        ({}, "a", {}, None),
        ({}, "a", {"api-a": Running(7)}, None),
        ({}, "a", {"api-a": Running(7, owned=True)}, 7),
        ({}, "a", {"api": Running(5)}, 5),
        ({}, "b", {"api-a": Running(6)}, 6),
        ({}, "a", {"worker-a": Running(6), "api-x": Running(3)}, None),
        ({}, "a", {"api": Running(0)}, None),
        (FIXED, "a", {}, 4),
        (FIXED, "a", {"api-a": Running(7)}, 4),
    ],
    ids=[
        "autoscaler, first deployment",
        "autoscaler owns the number",
        "autoscaler is switched on, the number is still ours",
        "autoscaler, first slot beside the former Deployment",
        "autoscaler, slot b beside slot a",
        "autoscaler, other applications run",
        "autoscaler, the former Deployment has no pods",
        "no autoscaler",
        "autoscaler is switched off",
    ],
)
def test_stated(own: dict[str, Any], slot: str, running: dict[str, Running], stated: int | None) -> None:
    release = Release(active_slot=slot)
    made = find(render({**API, **own}, running=running, releases={"api": release}), "Deployment")
    assert made["spec"].get("replicas") == stated


def found(managers: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    fields = [
        {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": spec}}
        for manager, operation, spec in managers
    ]
    return {"metadata": {"name": "api-a", "managedFields": fields}, "spec": {"replicas": 3}}


@pytest.mark.parametrize(
    ("managers", "owned"),
    [
        ([("flaskops", "Apply", {"f:replicas": {}})], True),
        ([("flaskops", "Apply", {"f:template": {}}), ("kube-controller-manager", "Update", {"f:replicas": {}})], False),
        ([("flaskops", "Apply", {"f:template": {}})], False),
        ([("flaskops", "Update", {"f:replicas": {}})], False),
        ([], False),
    ],
    ids=["ours", "the autoscaler's", "nobody's", "not by an apply", "no managers"],
)
def test_owner_of_the_number(managers: list[tuple[str, str, dict[str, Any]]], owned: bool) -> None:
    assert running_deployments([found(managers)]) == {"api-a": Running(3, owned)}
