"""The PodDisruptionBudget over the pods of all slots."""

from __future__ import annotations

from typing import Any

import pytest
from application_cases import API, find, render


@pytest.mark.parametrize(
    ("budget", "amounts"),
    [
        ({}, {"maxUnavailable": 1}),
        ({"max_unavailable": "25%"}, {"maxUnavailable": "25%"}),
        ({"max_unavailable": "", "min_available": 1}, {"minAvailable": 1}),
    ],
    ids=["default", "percentage", "pods that must stay"],
)
def test_one_amount(budget: dict[str, Any], amounts: dict[str, Any]) -> None:
    made = find(render({**API, "disruption_budget": budget}), "PodDisruptionBudget")
    assert made["spec"] == {
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": {"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api"}},
        **amounts,
    }


def test_none_when_it_is_disabled() -> None:
    manifests = render({**API, "disruption_budget": {"enabled": False}})
    assert "PodDisruptionBudget" not in {item["kind"] for item in manifests}
