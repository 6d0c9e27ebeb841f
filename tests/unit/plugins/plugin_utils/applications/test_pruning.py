"""What is pruned: only our own objects of this deployment that no manifest wants."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.kinds import KINDS
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.pruning import unwanted
from application_cases import API, WORKER, Manifest, render

OURS = {"app.kubernetes.io/managed-by": "flaskops.eks", "app.kubernetes.io/part-of": "flask"}


def found(kind: str, name: str, labels: dict[str, str] | None = None, **metadata: Any) -> Manifest:
    shown = OURS if labels is None else labels
    row = KINDS.get(kind)
    api_version = row.api_version if row else "apps/v1"
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": shown, **metadata}}


def names(items: list[Any]) -> list[str]:
    return [f"{item['kind']}/{item['metadata']['name']}" for item in items]


def test_nothing_that_is_wanted() -> None:
    manifests = render()
    assert unwanted(manifests, manifests, "flask") == []


def test_everything_of_an_application_that_the_list_no_longer_names() -> None:
    before, after = render(API, WORKER), render(API)
    assert names(unwanted(before, after, "flask")) == [
        "ServiceAccount/worker",
        "NetworkPolicy/worker",
        "Deployment/worker-a",
        "HorizontalPodAutoscaler/worker",
        "PodDisruptionBudget/worker",
    ]


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        ({"enabled": False}, 7),
        ({"ingress": {"enabled": False}}, ["Ingress/api"]),
        ({"service": {"enabled": False}, "ingress": {"enabled": False}}, ["Service/api", "Ingress/api"]),
        ({"autoscaling": {"enabled": False}}, ["HorizontalPodAutoscaler/api"]),
        ({"disruption_budget": {"enabled": False}}, ["PodDisruptionBudget/api"]),
        ({"network_policy": {"enabled": False}}, ["NetworkPolicy/api"]),
    ],
    ids=["application", "ingress", "service", "autoscaling", "budget", "network policy"],
)
def test_what_is_switched_off(change: dict[str, Any], gone: list[str] | int) -> None:
    made = names(unwanted(render(API), render({**API, **change}), "flask"))
    assert (len(made) if isinstance(gone, int) else made) == gone


@pytest.mark.parametrize(
    ("item", "pruned"),
    [
        (found("Deployment", "api"), True),
        (found("Deployment", "api-b"), True),
        (found("Job", "migrate-0000000000"), True),
        (found("Deployment", "x", {}), False),
        (found("Deployment", "x", {**OURS, "app.kubernetes.io/managed-by": "Helm"}), False),
        (found("Deployment", "x", {**OURS, "app.kubernetes.io/part-of": "shop"}), False),
        (found("Deployment", "x", {"app.kubernetes.io/managed-by": "flaskops.eks"}), False),
        (found("Deployment", "x", deletionTimestamp="2026-01-01T00:00:00Z"), False),
        (found("Job", "x", ownerReferences=[{"kind": "CronJob", "controller": True}]), False),
        (found("Namespace", "x"), False),
        (found("PriorityClass", "x"), False),
        (found("ConfigMap", "x"), False),
        (found("ReplicaSet", "x"), False),
    ],
    ids=[
        "from before there were slots",
        "the other slot",
        "an earlier migration",
        "no labels",
        "another manager",
        "another deployment",
        "no deployment named",
        "being deleted",
        "made by a controller",
        "a namespace",
        "a priority class",
        "a ConfigMap, which pods may still read",
        "a kind that is not applied",
    ],
)
def test_one_object(item: Manifest, pruned: bool) -> None:
    assert unwanted([item], render(), "flask") == ([item] if pruned else [])


def test_an_external_secret_stays_while_pods_read_its_secret() -> None:
    """With the policy Owner the Secret would go together with it."""
    before = render(API, {**WORKER, "secret": {"own": True, "keys": ["SECRET_KEY"]}})
    kept = render(API, WORKER, inventory={"external_secret": {"enabled": False}})
    assert names(unwanted(before, kept, "flask")) == ["ExternalSecret/worker-secret"]
