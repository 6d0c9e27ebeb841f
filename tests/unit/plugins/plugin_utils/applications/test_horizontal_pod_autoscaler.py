"""The HorizontalPodAutoscaler of the active slot."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release
from application_cases import API, at, find, render

VALUES: list[tuple[str, Any]] = [
    ("metadata/name", "api"),
    ("spec/scaleTargetRef", {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api-a"}),
    ("spec/minReplicas", 2),
    ("spec/maxReplicas", 10),
    ("spec/metrics/0/resource", {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}),
    ("spec/metrics/1/resource/name", "memory"),
    ("spec/behavior/scaleUp/policies/0", {"type": "Percent", "value": 50, "periodSeconds": 60}),
    ("spec/behavior/scaleUp/stabilizationWindowSeconds", 60),
    ("spec/behavior/scaleDown/policies/0", {"type": "Percent", "value": 10, "periodSeconds": 60}),
    ("spec/behavior/scaleDown/stabilizationWindowSeconds", 300),
]


@pytest.mark.parametrize(("path", "value"), VALUES, ids=[path for path, _ in VALUES])
def test_value(path: str, value: Any) -> None:
    assert at(find(render(), "HorizontalPodAutoscaler"), path) == value


def test_it_scales_the_active_slot_under_the_same_name() -> None:
    made = find(render(releases={"api": Release(active_slot="b")}), "HorizontalPodAutoscaler")
    assert (made["metadata"]["name"], at(made, "spec/scaleTargetRef/name")) == ("api", "api-b")


def test_a_target_of_zero_is_no_metric() -> None:
    made = find(render({**API, "autoscaling": {"memory_utilization": 0}}), "HorizontalPodAutoscaler")
    assert [item["resource"]["name"] for item in made["spec"]["metrics"]] == ["cpu"]


def test_none_when_it_is_disabled() -> None:
    manifests = render({**API, "autoscaling": {"enabled": False}})
    assert "HorizontalPodAutoscaler" not in {item["kind"] for item in manifests}
