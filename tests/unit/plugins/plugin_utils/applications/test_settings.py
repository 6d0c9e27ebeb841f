"""Settings: layers, conversion, and refusals that name variable and key."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter.applications import application_problems, application_settings
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.context import Shared
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.errors import ApplicationError
from application_cases import API, GIVEN, SPECS, WORKER, given, known, settings


def test_defaults_come_from_the_specs() -> None:
    worker = settings()["applications"][1]
    assert worker["replicas"] == 2
    assert worker["probes"]["startup"]["failure_threshold"] == 60
    assert worker["resources"]["limits"] == {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "256Mi"}
    assert worker["strategy"] == {"type": "rolling"}
    assert worker["disruption_budget"] == {"enabled": True, "max_unavailable": 1, "min_available": ""}


def test_layers_are_merged_key_by_key() -> None:
    defaults = {"resources": {"limits": {"memory": "512Mi"}}, "autoscaling": {"max_replicas": 4}, "args": ["x", "y"]}
    api, worker = settings({**API, "autoscaling": {"max_replicas": 6}}, WORKER, defaults=defaults)["applications"]
    assert (api["autoscaling"]["max_replicas"], worker["autoscaling"]["max_replicas"]) == (6, 4)
    assert api["autoscaling"]["min_replicas"] == 2
    assert api["resources"]["limits"] == {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "256Mi"}
    assert api["args"] == ["api"], "a list replaces"


def test_null_removes_a_free_key_and_leaves_what_is_below_of_an_option() -> None:
    own = {**API, "resources": {"limits": {"cpu": None}}, "drain_seconds": None}
    api = settings(own, defaults={"drain_seconds": 5, "environment": {"A": "1"}})["applications"][0]
    assert api["resources"]["limits"] == {"memory": "256Mi", "ephemeral-storage": "256Mi"}
    assert api["drain_seconds"] == 5
    gone = settings({**API, "environment": {"A": None}}, defaults={"environment": {"A": "1", "B": "2"}})
    assert gone["applications"][0]["environment"] == {"B": "2"}


def test_the_group_of_the_ingresses_is_the_cluster_unless_it_is_named() -> None:
    assert settings()["ingress"]["group_name"] == "flask-dev"
    assert settings(ingress={"group_name": "edge"})["ingress"]["group_name"] == "edge"


def test_entries_of_other_lists_are_complete() -> None:
    (row,) = settings(priority_classes=[{"name": "app-low", "value": "10"}])["priority_classes"]
    assert row == {
        "name": "app-low",
        "value": 10,
        "global_default": False,
        "preemption_policy": "PreemptLowerPriority",
        "description": "",
    }


# What -e name=value gives as text, the key that is looked at, and the value with its type.
TEXTS: dict[str, tuple[dict[str, Any], str, Any]] = {
    "number": ({"replicas": "4"}, "replicas", 4),
    "boolean": ({"rbac": {"enabled": "false"}}, "rbac", {"enabled": False, "rules": []}),
    "JSON dictionary": ({"ports": '{"http": "8080"}'}, "ports", {"http": 8080, "metrics": 9090}),
    "JSON list": ({"args": '["api", "--debug"]'}, "args", ["api", "--debug"]),
    "words": ({"args": "api,--debug"}, "args", ["api", "--debug"]),
    "number in a list": ({"args": [1]}, "args", ["1"]),
    "amount": ({"max_surge": "2"}, "max_surge", 2),
    "percentage": ({"max_surge": "25%"}, "max_surge", "25%"),
    "JSON rules": (
        {"network_policy": {"egress": '[{"cidr": "10.0.0.0/8", "ports": ["443"]}]'}},
        "network_policy",
        {"enabled": True, "client_cidrs": [], "egress": [{"cidr": "10.0.0.0/8", "ports": [443]}]},
    ),
}


@pytest.mark.parametrize(("own", "key", "value"), TEXTS.values(), ids=list(TEXTS))
def test_text_is_converted(own: dict[str, Any], key: str, value: Any) -> None:
    assert settings({**API, **own})["applications"][0][key] == value


def test_whole_variables_may_be_text() -> None:
    plain = settings(defaults={"replicas": 4})
    text = settings(applications=json.dumps([API, WORKER]), defaults='{"replicas": "4"}', ingress="{}")
    assert text["applications"] == plain["applications"]


# Settings that are refused: what the inventory says, and what must stand in the refusal.
REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown key": (given({**API, "replica": 3}), ["flask_app_applications: api: unknown key replica;", "replicas"]),
    "unknown key below": (given({**API, "probes": {"liveness": {"pth": "/"}}}), ["probes.liveness.pth;", "path"]),
    "unknown key of an entry": (
        given({**API, "network_policy": {"egress": [{"cidr": "10.0.0.0/8", "ports": [1], "to": "x"}]}}),
        ["unknown key network_policy.egress.to"],
    ),
    "unknown key in the defaults": (given(defaults={"prots": {}}), ["flask_app_defaults: unknown key prots"]),
    "a name in the defaults": (given(defaults={"name": "x"}), ["flask_app_defaults: unknown key name"]),
    "unknown key of the Ingress": (given(ingress={"shceme": "internal"}), ["flask_app_ingress: unknown key shceme"]),
    "unknown key of the Secret": (
        given(external_secret={"stor": "x"}),
        ["flask_app_external_secret: unknown key stor"],
    ),
    "unknown key of the Job": (given(migration={"arg": []}), ["flask_app_migration: unknown key arg"]),
    "unknown key of a class": (
        given(priority_classes=[{"name": "a", "value": 1, "preempt": True}]),
        ["flask_app_priority_classes: unknown key preempt"],
    ),
    "no dictionary": (given({**API, "resources": []}), ["api: resources must be a dictionary, not []"]),
    "no dictionary below": (given({**API, "probes": {"startup": 5}}), ["probes.startup must be a dictionary, not 5"]),
    "no list": (given({**API, "args": {"api": 1}}), ["flask_app_applications: api: ", "args", "list"]),
    "no text": (given({**API, "args": [["api"]]}), ["api: ", "args", "['api'] is not text"]),
    "a boolean for text": (given({**API, "temporary_storage": True}), ["temporary_storage", "True is not text"]),
    "no number": (given({**API, "replicas": "many"}), ["replicas", "'many' is not a whole number"]),
    "a boolean for a number": (given({**API, "replicas": True}), ["replicas", "True is not a whole number"]),
    "no boolean": (given({**API, "enabled": "perhaps"}), ["enabled", "perhaps"]),
    "no amount": (given({**API, "max_surge": "some"}), ["max_surge", "'some' is not a number, a percentage"]),
    "no choice": (given({**API, "image": {"pull_policy": "Often"}}), ["pull_policy", "Always, IfNotPresent, Never"]),
    "no strategy": (given({**API, "strategy": {"type": "recreate"}}), ["strategy", "rolling", "recreate"]),
    "no port by name": (
        given(defaults={"probes": {"startup": {"port": "web"}}}),
        ["flask_app_defaults: ", "port", "http, metrics", "probes -> startup"],
    ),
    "no scheme": (given(ingress={"scheme": "public"}), ["flask_app_ingress: ", "scheme", "internet-facing, internal"]),
    "an egress without ports": (
        given({**API, "network_policy": {"egress": [{"cidr": "10.0.0.0/8"}]}}),
        ["api: missing required arguments: ports found in network_policy -> egress"],
    ),
    "rules that are none": (given({**API, "rbac": {"rules": ["all"]}}), ["rbac.rules", "'all' is not one"]),
    "broken JSON": (given({**API, "ports": "{http: 1}"}), ["api: ports is not valid JSON"]),
    "an application that is none": (given(applications=["api"]), ["flask_app_applications", "'api' is not one"]),
    "an application without a name": (given({"args": ["api"]}), ["flask_app_applications: (no name): name: ''"]),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=list(REFUSED))
def test_refused_with_variable_key_and_reason(values: dict[str, Any], words: list[str]) -> None:
    problem = application_problems(values, str(SPECS))[0]
    assert not [word for word in words if word not in problem], problem
    with pytest.raises(AnsibleFilterError, match=re.escape(words[0])):
        application_settings(values, str(SPECS))


def test_every_problem_is_reported_at_once() -> None:
    wrong = given(
        {**API, "replica": 3, "drain_seconds": "x", "probes": {"startup": {"pth": "/", "port": "web"}}},
        {**WORKER, "replica": 3},
        defaults={"prots": {}},
        ingress={"scheme": 1},
    )
    problems = application_problems(wrong, str(SPECS))
    assert sorted(problem.partition(": ")[0] for problem in problems) == [
        *["flask_app_applications"] * 5,
        "flask_app_defaults",
        "flask_app_ingress",
    ]
    assert application_problems(given(), str(SPECS)) == []


def test_the_inventory_is_not_changed() -> None:
    values = given(defaults={"resources": {"limits": {"cpu": "1"}}})
    before = json.dumps(values)
    application_settings(values, str(SPECS))
    assert json.dumps(values) == before
    assert GIVEN["defaults"] == {}


@pytest.mark.parametrize(
    ("name", "given_text", "value"),
    [
        ("client_cidrs", "10.0.0.0/16,10.1.0.0/16", ["10.0.0.0/16", "10.1.0.0/16"]),
        ("data_cidrs", '["10.0.0.0/16"]', ["10.0.0.0/16"]),
        ("metrics_namespaces", "monitoring", ["monitoring"]),
        ("metrics_namespaces", [], []),
        ("namespace_labels", "team=web", {"team": "web"}),
    ],
)
def test_variables_beside_the_settings_are_converted_from_text(name: str, given_text: Any, value: Any) -> None:
    assert getattr(Shared.read(settings(), {**known(), name: given_text}), name) == value


def test_what_the_run_knows_is_converted_from_text() -> None:
    ingress = {"certificate_arn": "", "security_group_ids": "sg-1,sg-2", "subnet_ids": []}
    image = {**known()["image"], "version": 12}
    shared = Shared.read(
        settings(), {**known(), "ingress": ingress, "image": image, "environment": '{"LEVEL": "x", "B": null}'}
    )
    assert (shared.ingress.security_group_ids, shared.ingress.subnet_ids) == (["sg-1", "sg-2"], [])
    assert shared.environment["LEVEL"] == "x" and "B" not in shared.environment
    assert shared.image.version == "12"


def test_a_wrong_variable_beside_the_settings_is_refused() -> None:
    with pytest.raises(ApplicationError, match="namespace_labels"):
        Shared.read(settings(), {**known(), "namespace_labels": ["team"]})
