"""List several kinds: unknown kinds have no objects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.modules import manifests_info
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic.exceptions import ResourceNotFoundError

OBJECTS = {"Deployment": ["api-a", "worker-a"], "Service": ["api"], "Job": []}


class Client:
    """Answers as the dynamic client does: the items of a list carry neither kind nor API version."""

    def __init__(self, status: int = 0) -> None:
        self.status = status
        self.asked: list[tuple[str, str, str]] = []

    def resource(self, kind: str, api_version: str) -> SimpleNamespace:
        if kind not in OBJECTS:
            raise ResourceNotFoundError(kind)
        return SimpleNamespace(kind=kind, api_version=api_version)

    def get(self, resource: SimpleNamespace, namespace: str, label_selector: str) -> SimpleNamespace:
        self.asked.append((resource.kind, namespace, label_selector))
        if self.status:
            raise ApiException(status=self.status)
        items = [{"metadata": {"name": name}} for name in OBJECTS[resource.kind]]
        return SimpleNamespace(to_dict=lambda: {"items": items})


def params(*kinds: str) -> dict[str, Any]:
    wanted = [{"api_version": "x/v1", "kind": kind} for kind in kinds]
    return {"namespace": "flask", "kinds": wanted, "label_selectors": ["a=b", "c"]}


def test_every_kind_is_listed() -> None:
    client = Client()
    found = manifests_info.list_objects(client, params("Service", "Deployment", "Job"))
    assert [(item["kind"], item["apiVersion"], item["metadata"]["name"]) for item in found] == [
        ("Service", "x/v1", "api"),
        ("Deployment", "x/v1", "api-a"),
        ("Deployment", "x/v1", "worker-a"),
    ]
    assert client.asked[0] == ("Service", "flask", "a=b,c")


@pytest.mark.parametrize(("kind", "status"), [("ExternalSecret", 0), ("Job", 404)])
def test_a_kind_that_the_cluster_does_not_know_has_no_objects(kind: str, status: int) -> None:
    assert manifests_info.list_objects(Client(status), params(kind)) == []


def test_rejection_is_not_an_empty_list() -> None:
    with pytest.raises(ApiException):
        manifests_info.list_objects(Client(403), params("Job"))
