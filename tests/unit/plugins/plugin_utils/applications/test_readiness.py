"""Whether credentials and traffic are ready, over tables of what a cluster says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.readiness import (
    unbound_ingresses,
    ungated_pods,
    unsynchronised,
)

WANTED = {
    "metadata": {"name": "credentials", "namespace": "flask"},
    "spec": {"secretStoreRef": {"name": "store"}, "data": [{"remoteRef": {"key": "flask-local/database"}}]},
}
READY = {"type": "Ready", "status": "True"}
DENIED = {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "access denied"}


def live(synced: str = "2-abc", generation: int = 2, condition: dict[str, str] = READY, **more: Any) -> dict[str, Any]:
    status = {"conditions": [condition], "syncedResourceVersion": synced, "refreshTime": "2026-11-28T00:00:00Z"}
    return {"metadata": {"name": "credentials", "generation": generation}, "status": {**status, **more}}


@pytest.mark.parametrize(
    ("found", "before", "changed", "ready"),
    [
        ([live()], [live()], [], True),
        ([live()], [], ["credentials"], True),
        ([live()], [live()], ["credentials"], False),
        ([live("2-new")], [live("2-old")], ["credentials"], True),
        ([live("1-abc")], [], [], False),
        ([live(refreshTime=None)], [], [], False),
        ([live(condition=DENIED)], [], [], False),
        ([], [], [], False),
    ],
    ids=[
        "as it was",
        "new",
        "not since the change",
        "since the change",
        "earlier generation",
        "never",
        "denied",
        "none",
    ],
)
def test_synchronised(
    found: list[dict[str, Any]], before: list[dict[str, Any]], changed: list[str], ready: bool
) -> None:
    assert (unsynchronised([WANTED], found, before, changed) == []) is ready


def test_the_failure_names_cause_and_next_step() -> None:
    (failure,) = unsynchronised([WANTED], [live(condition=DENIED)], [], [])
    assert (failure["kind"], failure["name"]) == ("ExternalSecret", "credentials")
    for words in ("flask/credentials: not synchronised", "access denied", "store store", "flask-local/database"):
        assert words in failure["message"]


def test_unbound_ingresses() -> None:
    ingresses = [{"metadata": {"name": name, "namespace": "flask"}} for name in ("api", "web", "new")]
    bindings = [{"spec": {"serviceRef": {"name": "api"}}}]
    events = [{"involvedObject": {"name": "web"}, "message": "no certificate"}]
    found = {failure["name"]: failure["message"] for failure in unbound_ingresses(ingresses, bindings, events)}
    assert set(found) == {"web", "new"}
    assert "says: no certificate;" in found["web"] and "says: nothing;" in found["new"]


def pod(name: str, slot: str = "a", gates: bool = False, dying: bool = False) -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": "api", **({"flaskops.eks/slot": slot} if slot else {})}
    metadata = {"name": name, "labels": labels, **({"deletionTimestamp": "now"} if dying else {})}
    return {"metadata": metadata, "spec": {"readinessGates": [{"conditionType": "x"}] if gates else None}}


def test_ungated_pods() -> None:
    pods = [pod("good", gates=True), pod("bad-1"), pod("bad-2"), pod("old", slot=""), pod("dying", dying=True)]
    (failure,) = ungated_pods(pods, "flask")
    assert (failure["kind"], failure["name"]) == ("Deployment", "api-a")
    assert "bad-1, bad-2;" in failure["message"]
