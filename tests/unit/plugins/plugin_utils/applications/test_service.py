"""The Service of an application: its name stays, and it selects the slot that serves."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release
from application_cases import API, at, find, render

ALL_SLOTS = {"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api"}


def test_values() -> None:
    service = find(render(), "Service")
    assert at(service, "metadata/name") == "api"
    assert at(service, "spec/type") == "ClusterIP"
    assert at(service, "spec/ports") == [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    assert "annotations" not in service["metadata"]


@pytest.mark.parametrize(
    ("release", "selector"),
    [
        (None, {**ALL_SLOTS, "flaskops.eks/slot": "a"}),
        (Release(service_slot="b"), {**ALL_SLOTS, "flaskops.eks/slot": "b"}),
        (Release(service_slot=""), ALL_SLOTS),
    ],
    ids=["first release", "slot b", "from before there were slots"],
)
def test_the_slot_that_serves(release: Release | None, selector: dict[str, str]) -> None:
    made = find(render(releases={"api": release} if release else {}), "Service")
    assert made["spec"]["selector"] == selector


def test_node_port_and_annotations() -> None:
    wanted = {"type": "NodePort", "port": 8080, "node_port": 30080, "annotations": {"a": "b"}}
    service = find(render({**API, "service": wanted}), "Service")
    assert at(service, "spec/ports/0/nodePort") == 30080
    assert at(service, "spec/ports/0/port") == 8080
    assert at(service, "metadata/annotations") == {"a": "b"}
