"""The table of kinds: what is rendered is in it, and removal and pruning look for all of it."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.filter.applications import in_phase, owned_kinds
from ansible_collections.flaskops.eks.plugins.plugin_utils import _manifests
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import render as contents
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.errors import ApplicationError
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.kinds import KINDS, PHASES, kind_of
from application_cases import API, Manifest, find, render

EVERYTHING = {
    **API,
    "rbac": {"enabled": True, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
}


def test_every_kind_of_the_table_is_rendered() -> None:
    assert {item["kind"] for item in render(EVERYTHING)} == set(KINDS)


def test_every_rendered_object_has_the_api_version_of_the_table() -> None:
    assert {item["kind"]: item["apiVersion"] for item in render(EVERYTHING)} == {
        name: kind.api_version for name, kind in KINDS.items()
    }


@pytest.mark.parametrize(
    "item",
    [{"apiVersion": "batch/v1", "kind": "CronJob"}, {"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"}],
    ids=["another kind", "another API version"],
)
def test_an_object_that_nothing_would_apply_is_an_error(item: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ApplicationError, match=f"{item['kind']}: not in the table of kinds"):
        kind_of(item)
    monkeypatch.setattr(contents, "deployment", lambda app, slot: item)
    with pytest.raises(ApplicationError, match=item["kind"]):
        render()


def test_every_kind_has_a_phase_that_exists() -> None:
    assert {kind.phase for kind in KINDS.values()} == set(PHASES)


def test_the_phases_divide_the_manifests() -> None:
    manifests = render(EVERYTHING)
    divided = [item for phase in PHASES for item in in_phase(manifests, phase)]
    assert len(divided) == len(manifests)
    assert [item["kind"] for item in in_phase(manifests, "traffic")] == ["Service", "Ingress"]


def test_the_manifests_of_one_application() -> None:
    manifests = render()
    assert in_phase(manifests, "workload", "worker") == [find(manifests, "Deployment", "worker")]
    assert [item["kind"] for item in in_phase(manifests, "migration", "shared")] == ["Job"]
    assert in_phase(manifests, "migration", "api") == []


def test_the_table_knows_which_kinds_have_a_namespace() -> None:
    assert {name: kind.namespaced for name, kind in KINDS.items()} == {
        name: _manifests.has_namespace(name) for name in KINDS
    }
    assert not [kind.name for kind in KINDS.values() if kind.owned and not kind.namespaced]


def test_kinds_of_the_cluster_are_never_pruned() -> None:
    kinds = {row["kind"] for row in owned_kinds(PHASES)}
    assert kinds == set(KINDS) - {"Namespace", "PriorityClass"}
