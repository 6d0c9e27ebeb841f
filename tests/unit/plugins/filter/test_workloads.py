"""Owner of namespaces and objects."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import workloads
from ansible_collections.flaskops.eks.plugins.plugin_utils import _manifests

OURS = {"app.kubernetes.io/managed-by": "flaskops.eks"}
HELM = {"app.kubernetes.io/managed-by": "Helm"}
WANTED = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flask", "labels": OURS}}


def planned(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the result of flaskops.eks.manifests for a difference found by kubernetes.core."""
    made, error = _manifests.outcome(
        WANTED, {"changed": before != after, "diff": {"before": before, "after": after}}, absent=False, check_mode=True
    )
    assert error is None
    return made


def labels(**values: Any) -> dict[str, Any]:
    return {"metadata": {"labels": values}}


@pytest.mark.parametrize(
    ("before", "after", "foreign"),
    [
        pytest.param({}, WANTED, False, id="not there"),
        pytest.param({}, {}, False, id="ours, unchanged"),
        # A smaller manifest of the same field manager removes other labels of the role, in this dry run only.
        pytest.param(labels(enforce="restricted"), labels(), False, id="ours, with further labels"),
        pytest.param({"metadata": {}}, labels(**OURS), True, id="no label at all"),
        pytest.param(labels(), labels(**OURS), True, id="other labels only"),
        pytest.param(labels(**HELM), labels(**OURS), True, id="value of another owner"),
    ],
)
def test_namespace_without_our_label_is_foreign(before, after, foreign):
    assert workloads.foreign_namespaces([planned(before, after)]) == (["flask"] if foreign else [])


def test_planned_cluster_has_no_namespaces():
    made = _manifests.from_nothing(WANTED, absent=False, reason="the cluster does not exist yet")
    assert workloads.foreign_namespaces([made]) == []


def found(name: str, namespace: str, labels: dict[str, str] | None) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}


OBJECTS = [
    found("ours", "flask", OURS),
    found("by hand", "flask", None),
    found("by Helm", "flask", HELM),
    found("elsewhere", "shop", OURS),
]


@pytest.mark.parametrize(
    ("foreign", "names"),
    [
        ([], ["ours", "by hand", "by Helm"]),
        (["shop"], ["ours", "by hand", "by Helm"]),
        (["flask"], ["ours"]),
    ],
)
def test_only_our_objects_of_a_kept_namespace_are_removed(foreign, names):
    going = workloads.removable(OBJECTS, "flask", foreign)
    assert [item["metadata"]["name"] for item in going] == names
