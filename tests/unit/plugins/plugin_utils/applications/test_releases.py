"""The release of an application before a deployment, from what the cluster has."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter.applications import application_releases
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import Release, read_releases
from application_cases import API, settings

Found = dict[str, Any]


def service(name: str = "api", **selector: str) -> Found:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
    slot = {f"flaskops.eks/{key}": value for key, value in selector.items()}
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"selector": {**labels, **slot}}}


def deployment(name: str, slot: str = "", instance: str = "api") -> Found:
    labels = {"app.kubernetes.io/instance": instance, **({"flaskops.eks/slot": slot} if slot else {})}
    return {"kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": {}}


@pytest.mark.parametrize(
    ("found", "release"),
    [
        ([], Release("rolling", "a", "a")),
        ([service(slot="a")], Release("rolling", "a", "a")),
        ([service(slot="b"), deployment("api-a", "a")], Release("rolling", "b", "b")),
        ([service(), deployment("api")], Release("rolling", "a", "")),
        ([deployment("api-b", "b")], Release("rolling", "b", "b")),
        ([deployment("api-a", "a"), deployment("api-b", "b")], Release("rolling", "a", "a")),
        ([deployment("api")], Release("rolling", "a", "a")),
        ([service("shop", slot="b"), deployment("shop-b", "b", "shop")], Release("rolling", "a", "a")),
    ],
    ids=[
        "nothing there",
        "slot a serves",
        "slot b serves",
        "from before there were slots",
        "no Service, slot b runs",
        "no Service, both run",
        "no Service, from before there were slots",
        "another application's",
    ],
)
def test_release(found: list[Found], release: Release) -> None:
    assert read_releases(settings(API)["applications"], found) == {"api": release}


def test_the_filter_returns_plain_data() -> None:
    assert application_releases(settings(API), [service(slot="b")])["api"] == {
        "strategy": "rolling",
        "active_slot": "b",
        "service_slot": "b",
    }
