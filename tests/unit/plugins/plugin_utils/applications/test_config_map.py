"""ConfigMaps: content, names by content, and which of them no pod can read any more."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.pruning import unused_config_maps
from application_cases import API, UNKNOWN, WORKER, Manifest, at, find, render


def test_environment_is_text() -> None:
    data = find(render({**API, "environment": {"RETRIES": 3, "DEBUG": False}}), "ConfigMap")["data"]
    assert data == {
        "APP_VERSION": "1.4.2",
        "PORT": "3000",
        "METRICS_PORT": "9090",
        "LOG_LEVEL": "INFO",
        "DATABASE_ENGINE": "postgresql",
        "DATABASE_HOST": "db",
        "DATABASE_PORT": "5432",
        "DATABASE_NAME": "flask",
        "DATABASE_TLS": "verify",
        "DATABASE_CA_FILE": "/etc/flask-app/ca/ca.crt",
        "REDIS_HOST": "redis",
        "REDIS_PORT": "6379",
        "REDIS_TLS": "true",
        "RETRIES": "3",
        "DEBUG": "false",
    }


@pytest.mark.parametrize(
    ("change", "variables"),
    [
        ({}, {"DATABASE_CA_FILE"}),
        ({"data_stores": {"cache_private_ca": True}}, {"DATABASE_CA_FILE", "REDIS_CA_FILE"}),
        ({"data_stores": {"database_tls": "require"}}, set()),
        ({"ca_certificates": "", "data_stores": {"cache_private_ca": True}}, set()),
    ],
    ids=["database", "both", "only encrypted", "no authority"],
)
def test_authority_only_where_it_is_used(change: dict[str, Any], variables: set[str]) -> None:
    assert {name for name in find(render(**change), "ConfigMap")["data"] if name.endswith("CA_FILE")} == variables


def test_the_pods_name_the_content_that_they_read() -> None:
    manifests = render()
    pod = find(manifests, "Deployment")["spec"]["template"]["spec"]
    name = at(pod, "containers/0/envFrom/0/configMapRef/name")
    assert name == find(manifests, "ConfigMap", "api")["metadata"]["name"]
    assert re.fullmatch(r"api-config-[0-9a-f]{8}", name)
    assert at(pod, "volumes/1/configMap/name") == find(manifests, "ConfigMap", "flask-ca")["metadata"]["name"]
    assert all(item["immutable"] is True for item in manifests if item["kind"] == "ConfigMap")


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"secret_versions": {"flask-app-secret": "another"}}, True),
        ({"image": {"version": "2"}}, False),
        ({"environment": {"LOG_LEVEL": "DEBUG"}}, False),
    ],
    ids=["nothing", "secret", "version", "environment"],
)
def test_a_name_changes_with_the_content(change: dict[str, Any], same: bool) -> None:
    before, after = find(render(), "ConfigMap"), find(render(**change), "ConfigMap")
    assert (before["metadata"]["name"] == after["metadata"]["name"]) is same


def test_content_that_is_not_known_yet_has_no_name_yet() -> None:
    database = {"engine": "postgres", "host": UNKNOWN, "port": UNKNOWN, "name": "flask"}
    manifests = render(data_stores={"database": database}, data_ports=[UNKNOWN])
    assert find(manifests, "ConfigMap")["metadata"]["name"] == f"api-config-{UNKNOWN}"


def replica_set(*names: str) -> Manifest:
    """A ReplicaSet with a pod that reads these ConfigMaps, each in another way."""
    ways = [
        {"containers": [{"envFrom": [{"configMapRef": {"name": name}}]}]}
        if place % 4 == 0
        else {"volumes": [{"configMap": {"name": name}}]}
        if place % 4 == 1
        else {"volumes": [{"projected": {"sources": [{"configMap": {"name": name}}]}}]}
        if place % 4 == 2
        else {"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": name, "key": "x"}}}]}]}
        for place, name in enumerate(names)
    ]
    pod = {key: [item for way in ways for item in way.get(key, [])] for key in ("containers", "volumes")}
    pod["initContainers"] = [item for way in ways for item in way.get("initContainers", [])]
    return {"kind": "ReplicaSet", "spec": {"template": {"spec": pod}}}


def found(name: str, part_of: str = "flask", manager: str = "flaskops.eks") -> Manifest:
    labels = {"app.kubernetes.io/managed-by": manager, "app.kubernetes.io/part-of": part_of}
    return {"kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


@pytest.mark.parametrize(
    ("names", "workloads", "kept", "unused"),
    [
        (["api-config-1"], [], [], ["api-config-1"]),
        (["api-config-1", "api-config-2"], [replica_set("api-config-2")], [], ["api-config-1"]),
        (["w", "x", "y", "z"], [replica_set("w", "x", "y", "z")], [], []),
        (["api-config-1", "api-config-2"], [], ["api-config-1"], ["api-config-2"]),
        (["api-config"], [replica_set("api-config-2")], [], ["api-config"]),
    ],
    ids=["nothing reads it", "an old one", "every way to read one", "release history", "from before the hashes"],
)
def test_unused(names: list[str], workloads: list[Manifest], kept: list[str], unused: list[str]) -> None:
    gone = unused_config_maps([found(name) for name in names], workloads, kept, "flask")
    assert [item["metadata"]["name"] for item in gone] == unused


def test_config_maps_of_others_are_never_unused() -> None:
    others = [found("shop", part_of="shop"), found("chart", manager="Helm"), {"metadata": {"name": "kube-root-ca.crt"}}]
    assert unused_config_maps(others, [], [], "flask") == []


def test_rendered_config_maps_are_used_by_what_is_rendered() -> None:
    manifests = render(API, {**WORKER, "migration": {"enabled": True}})
    maps = [item for item in manifests if item["kind"] == "ConfigMap"]
    assert len(maps) == 5
    assert unused_config_maps(maps, manifests, [], "flask") == []
