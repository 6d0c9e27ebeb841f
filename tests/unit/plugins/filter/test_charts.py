"""Filters of components: what a chart renders, what is still in use, credentials, rules between variables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter import charts

RENDERED = """
# Source: chart/crds/crds.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
---
# an empty document
---
apiVersion: v1
kind: Service
metadata: {name: web}
"""
KEYS = {"access_key": "AKIA", "secret_key": "s3cret"}
GIVEN = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_REGION": "eu-west-1"}
URL = "http://198.18.77.1:4566"


def definition(name: str, *conditions: tuple[str, str]) -> dict[str, Any]:
    status = {"conditions": [{"type": kind, "status": value} for kind, value in conditions]} if conditions else {}
    return {"kind": "CustomResourceDefinition", "metadata": {"name": name}, "status": status}


def item(kind: str, namespace: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", **({"namespace": namespace} if namespace else {})}}


@pytest.mark.parametrize(
    ("kind", "names"), [("CustomResourceDefinition", ["things.example.com"]), ("Service", ["web"]), ("Pod", [])]
)
def test_rendered_objects_of_a_kind(kind: str, names: list[str]) -> None:
    assert [found["metadata"]["name"] for found in charts.objects_of_kind(RENDERED, kind)] == names


def test_rendered_chart_that_is_not_yaml_is_rejected() -> None:
    with pytest.raises(AnsibleFilterError, match="not valid YAML"):
        charts.objects_of_kind("a: b: c", "Pod")


SERVED_B = definition("b", ("Established", "True"))
ESTABLISHED: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "not there": ([], ["a", "b"]),
    "no status yet": ([definition("a"), definition("b")], ["a", "b"]),
    "only names accepted": ([definition("a", ("NamesAccepted", "True")), SERVED_B], ["a"]),
    "refused": ([definition("a", ("Established", "False")), SERVED_B], ["a"]),
    "served": ([SERVED_B, definition("a", ("Established", "True"))], []),
}


@pytest.mark.parametrize(("definitions", "expected"), ESTABLISHED.values(), ids=list(ESTABLISHED))
def test_definitions_that_are_not_served_yet(definitions: list[dict[str, Any]], expected: list[str]) -> None:
    assert charts.unestablished(definitions, ["a", "b"]) == expected


def test_titles_count_objects_of_a_kind_and_namespace() -> None:
    objects = [item("Thing", "web"), item("ClusterThing"), item("Thing", "web"), item("Thing", "api")]
    assert charts.object_titles(objects) == ["1 ClusterThing", "1 Thing in namespace api", "2 Thing in namespace web"]


def pod(name: str, *containers: list[str], **metadata: str) -> dict[str, Any]:
    """A pod of which each container has these environment variables."""
    made = [{"name": "c", **({"env": [{"name": key} for key in keys]} if keys else {})} for keys in containers]
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": made}}


def test_pods_that_lack_an_environment_variable() -> None:
    pods = [
        pod("with", ["A", "B"]),
        pod("without", ["B"]),
        pod("without-any", []),
        pod("one-container-without", ["A"], ["B"]),
        pod("going", [], deletionTimestamp="2026-11-28T03:00:00Z"),
    ]
    found = [item["metadata"]["name"] for item in charts.pods_without(pods, "A")]
    assert found == ["without", "without-any", "one-container-without"]


ENVIRONMENTS: dict[str, tuple[tuple[Any, ...], dict[str, str]]] = {
    "no credentials": (({}, "eu-west-1", URL, ["SSM"]), {}),
    "AWS itself": ((KEYS, "eu-west-1"), GIVEN),
    "an endpoint": ((KEYS, "eu-west-1", URL), {**GIVEN, "AWS_ENDPOINT_URL": URL}),
    "endpoints of services": (
        (KEYS, "eu-west-1", URL, ["SSM", "STS"]),
        {**GIVEN, "AWS_ENDPOINT_URL": URL, "AWS_SSM_ENDPOINT": URL, "AWS_STS_ENDPOINT": URL},
    ),
    "services without an endpoint": ((KEYS, "eu-west-1", "", ["SSM"]), GIVEN),
}


@pytest.mark.parametrize(("arguments", "expected"), ENVIRONMENTS.values(), ids=list(ENVIRONMENTS))
def test_environment_of_an_aws_sdk(arguments: tuple[Any, ...], expected: dict[str, str]) -> None:
    assert charts.aws_environment(*arguments) == expected


def test_the_checksum_follows_the_environment_and_hides_it() -> None:
    made = charts.checksum_annotation(GIVEN)
    other = charts.checksum_annotation({**GIVEN, "AWS_SECRET_ACCESS_KEY": "another"})
    assert list(made) == list(other) == [charts.CHECKSUM_ANNOTATION]
    assert made != other and made == charts.checksum_annotation(dict(GIVEN))
    assert "s3cret" not in str(made)
    assert charts.checksum_annotation({}) == {}


PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing to check": ({}, ""),
    "static credentials": ({"credentials": KEYS, "environment_secret": "keys", "endpoint_url": URL, "replicas": 1}, ""),
    "a Secret of another owner": ({"credentials": {}, "environment_secret": "keys", "endpoint_url": ""}, ""),
    "no Secret": ({"credentials": KEYS, "environment_secret": ""}, "web_credentials: there is no Secret"),
    "no credentials": ({"endpoint_url": URL, "environment_secret": "keys"}, "web_endpoint_url: it reaches the pods"),
    "no pods": ({"replicas": 0}, "web_replicas: with 0 nothing would run"),
    "an empty list": ({"required_lists": {"names": [], "others": ["x"]}}, "web_names: it is empty"),
    "the first port": ({"unprivileged_ports": {"port": 1025}}, ""),
    "a privileged port": ({"unprivileged_ports": {"port": 1024}}, "web_port: a process without privileges"),
    "no port at all": ({"unprivileged_ports": {"port": 65536}}, "web_port: a process without privileges"),
}


@pytest.mark.parametrize(("settings", "expected"), PROBLEMS.values(), ids=list(PROBLEMS))
def test_rules_between_the_variables_of_a_component(settings: dict[str, Any], expected: str) -> None:
    problems = charts.component_problems(settings, "web")
    assert len(problems) == bool(expected)
    assert not problems or problems[0].startswith(expected)
