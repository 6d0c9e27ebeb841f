"""EKS updates are tracked by id, because the status of the object changes with a delay."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws import resource as engine
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.plan import WantedAddon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.addon.resource import Addon
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.plan import WantedNodegroup
from ansible_collections.flaskops.eks.plugins.module_utils.eks.nodegroup.resource import Nodegroup

BLOCKED = {"error_code": "PodEvictionFailure", "error_message": "Reached max retries while trying to evict pods"}


class FakeEks:
    """An object that is ACTIVE all the time, and one update of it that goes through `statuses`."""

    def __init__(self, found: dict[str, Any], *statuses: str) -> None:
        self.found, self.statuses = {"status": "ACTIVE", **found}, list(statuses)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def describe(self, operation: str, result: str, **params: Any) -> dict[str, Any]:
        if operation != "describe_update":
            return dict(self.found)
        self.calls.append((operation, params))
        status = self.statuses.pop(0)
        return {"type": "VersionUpdate", "status": status, "errors": [BLOCKED] if status == "Failed" else []}

    def change(self, operation: str, **params: Any) -> dict[str, Any]:
        self.calls.append((operation, params))
        return {"update": {"id": "u-1"}}


def nodegroup(*statuses: str) -> Nodegroup:
    api = FakeEks({"nodegroup_name": "n", "version": "1.33"}, *statuses)
    return Nodegroup(api, WantedNodegroup(cluster_name="c", name="n", version="1.34"), timeout=60.0)


def addon(*statuses: str) -> Addon:
    api = FakeEks({"addon_name": "coredns", "addon_version": "v1"}, *statuses)
    return Addon(api, WantedAddon(cluster_name="c", name="coredns", version="v2"), timeout=60.0)


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.time, "sleep", lambda seconds: None)


def start(resource: Any) -> Any:
    (action,) = resource.plan(resource.describe())
    resource.apply(action)
    return resource.describe()


@pytest.mark.parametrize(
    ("resource", "operation", "named"),
    [
        (nodegroup("InProgress", "Successful"), "update_nodegroup_version", {"nodegroupName": "n"}),
        (addon("InProgress", "Successful"), "update_addon", {"addonName": "coredns"}),
    ],
    ids=["node group", "add-on"],
)
def test_an_active_object_is_not_settled_before_its_update_has_ended(
    resource: Any, operation: str, named: dict[str, str]
) -> None:
    before = start(resource)
    assert resource.busy(before)
    assert not resource.settled(before), "it was described before the end of the update"
    assert resource.settled(resource.describe())
    (changed, sent), *followed = resource.api.calls
    assert (changed, {key: sent[key] for key in ("clusterName", *named)}) == (operation, {"clusterName": "c", **named})
    assert followed == [("describe_update", {"updateId": "u-1", "name": "c", **named})] * 2


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
@pytest.mark.parametrize("make", [nodegroup, addon])
def test_an_update_that_ends_badly_is_an_error_with_its_reason(make: Any, status: str) -> None:
    resource = make("InProgress", status)
    before = start(resource)
    with pytest.raises(ResourceError, match=f"VersionUpdate ended as {status}") as caught:
        resource.settled(before)
    assert (BLOCKED["error_message"] in str(caught.value)) == (status == "Failed")
