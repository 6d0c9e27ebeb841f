"""What is removed and when, over tables of what a namespace holds."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.removals import (
    removals,
    revised_deployments,
)

FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}


def item(kind: str, name: str, instance: str | None = "api", **more: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/managed-by": "flaskops.eks", "app.kubernetes.io/part-of": "flask"}
    if instance is not None:
        labels["app.kubernetes.io/instance"] = instance
    return {"kind": kind, "metadata": {"name": name, "labels": labels}, "spec": {}, **more}


def reads(config_map: str) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"envFrom": [{"configMapRef": {"name": config_map}}]}]}}}


def revision(number: int, deployment: str = "api-a", pods: int = 0) -> dict[str, Any]:
    """A ReplicaSet that reads the ConfigMap of its number."""
    made = item("ReplicaSet", f"{deployment}-{number}", spec={"replicas": pods, **reads(f"c{number}")})
    made["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(number)}
    made["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": deployment, "controller": True}]
    return made


def named(found: dict[str, list[Any]]) -> dict[str, list[str]]:
    return {part: [entry["metadata"]["name"] for entry in entries] for part, entries in found.items()}


def removed(found: list[dict[str, Any]], manifests: list[dict[str, Any]], **given: Any) -> dict[str, list[str]]:
    return named(removals(found, manifests, ["api", "off"], "flask", "migrate", **given))


API = item("Deployment", "api-a", spec={"revisionHistoryLimit": 1, **reads("c9")})
WANTED = [API, item("Service", "api"), item("Job", "migrate-2", "shared", spec=reads("c9"))]
NOTHING: dict[str, list[str]] = {"jobs": [], "slots": [], "disabled": [], "pruned": []}


def test_nothing_is_removed_when_everything_is_wanted() -> None:
    assert removed(WANTED, WANTED) == NOTHING
    assert removed([], WANTED) == NOTHING


@pytest.mark.parametrize(
    ("object_", "part"),
    [
        (item("Job", "migrate-1", "shared"), "jobs"),
        (item("Job", "migrate-0", "migrate"), "jobs"),
        (item("Job", "gone-migrate-1", "gone"), "pruned"),
        (item("Job", "migrate-2", "shared", status=FAILED), "jobs"),
        (item("Deployment", "api"), "slots"),
        (item("Deployment", "api-b"), "slots"),
        (item("Deployment", "off-a", "off"), "disabled"),
        (item("HorizontalPodAutoscaler", "api"), "disabled"),
        (item("ExternalSecret", "credentials", "shared"), "disabled"),
        (item("Deployment", "gone-a", "gone"), "pruned"),
        (item("Ingress", "gone", "gone"), "pruned"),
        (item("ConfigMap", "api-config"), "pruned"),
    ],
)
def test_where_an_unwanted_object_belongs(object_: dict[str, Any], part: str) -> None:
    found = [entry for entry in WANTED if entry["metadata"]["name"] != object_["metadata"]["name"]]
    assert removed([*found, object_], WANTED) == {**NOTHING, part: [object_["metadata"]["name"]]}


def test_what_is_not_ours_stays() -> None:
    other = item("Deployment", "other")
    other["metadata"]["labels"]["app.kubernetes.io/part-of"] = "another"
    assert removed([other, {"kind": "Service", "metadata": {"name": "theirs"}, "spec": {}}], WANTED) == NOTHING


def test_a_failed_application_keeps_what_serves() -> None:
    """Its Deployment from before there were slots, and the ConfigMap that this one reads."""
    found = [item("Deployment", "api", spec=reads("api-config")), revision(1, "api", 2), item("ConfigMap", "c1")]
    found.append(item("ConfigMap", "api-config"))
    assert removed(found, WANTED, failed=["api"]) == NOTHING
    assert removed(found, WANTED) == {**NOTHING, "slots": ["api"], "pruned": ["c1", "api-config"]}


def test_a_failed_application_keeps_what_its_new_settings_disable() -> None:
    """Its earlier pods still need the autoscaler, the Ingress, and the Secrets that they take as environment."""
    reader = item("Deployment", "api")
    reader["spec"]["template"] = {"spec": {"containers": [{"envFrom": [{"secretRef": {"name": "old"}}]}]}}
    secrets = [item("ExternalSecret", "old", owner, spec={"target": {"name": "old"}}) for owner in ("api", "shared")]
    for secret in secrets:
        found = [reader, secret, item("HorizontalPodAutoscaler", "api"), item("Ingress", "api")]
        assert removed(found, WANTED, failed=["api"]) == NOTHING
        assert sorted(removed(found, WANTED)["disabled"]) == ["api", "api", "old"]


CONFIG_MAPS = [item("ConfigMap", f"c{number}") for number in (1, 2, 3, 9)]


@pytest.mark.parametrize(
    ("revisions", "revised", "unused"),
    [
        ([revision(1), revision(2), revision(3)], [], ["c1"]),
        ([revision(1), revision(2), revision(3)], ["api-a"], ["c1", "c2"]),
        ([revision(1, pods=1), revision(2), revision(3)], ["api-a"], ["c2"]),
        ([revision(2), revision(3)], [], ["c1"]),
    ],
    ids=["history of one", "a new revision comes", "a revision still has pods", "already forgotten"],
)
def test_a_config_map_stays_while_a_kept_revision_reads_it(
    revisions: list[dict[str, Any]], revised: list[str], unused: list[str]
) -> None:
    assert removed([API, *revisions, *CONFIG_MAPS], WANTED, revised=revised)["pruned"] == unused


@pytest.mark.parametrize(
    ("action", "spec", "names"),
    [
        ("update", {"template": {"spec": {}}}, ["api-a"]),
        ("update", {"minReadySeconds": 5}, []),
        ("create", {"template": {}}, []),
        ("none", {}, []),
    ],
)
def test_revised_deployments(action: str, spec: dict[str, Any], names: list[str]) -> None:
    diff = {"before": {}, "after": {"spec": spec}} if action != "none" else None
    assert revised_deployments([{"kind": "Deployment", "name": "api-a", "action": action, "diff": diff}]) == names
