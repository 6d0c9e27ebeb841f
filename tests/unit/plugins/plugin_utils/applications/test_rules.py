"""Rules between settings: for each rule what it accepts and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import rules
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.errors import ApplicationError
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.schema import defaults_of, merged, read_options
from application_cases import API, DIGEST, SPECS, UNKNOWN, WORKER, settings

DEFAULTS = defaults_of(read_options(str(SPECS))["flask_app_defaults"]["options"])
INGRESS = {"enabled": True, "hosts": ["api.example.com"]}
VALUE = {"key": "TOKEN", "secret": "shop/token", "property": ""}

# A rule, the settings that differ from the defaults, and the words of the refusal; none where it is accepted.
CASES: list[tuple[rules.Rule, dict[str, Any], list[str]]] = [
    (rules.name_is_valid, {"name": "a"}, []),
    (rules.name_is_valid, {"name": "a" * 42}, []),
    (rules.name_is_valid, {"name": "a" * 43}, ["name: ", "up to 42"]),
    (rules.name_is_valid, {"name": ""}, ["name: ''"]),
    (rules.name_is_valid, {"name": "My_API"}, ["'My_API'"]),
    (rules.name_is_valid, {"name": "1api"}, ["starting with a letter"]),
    (rules.name_is_valid, {"name": "api-"}, ["'api-'"]),
    (rules.numbers_are_not_negative, {"replicas": 0}, []),
    (rules.numbers_are_not_negative, {"environment": {"OFFSET": -1}}, []),
    (
        rules.numbers_are_not_negative,
        {"probes": {"startup": {"period_seconds": -1}}},
        ["probes.startup.period_seconds"],
    ),
    (rules.image_is_named_once, {"image": {"reference": "web:1"}}, []),
    (rules.image_is_named_once, {"image": {"tag": "1"}}, []),
    (rules.image_is_named_once, {"image": {"digest": DIGEST}}, []),
    (rules.image_is_named_once, {"image": {"digest": UNKNOWN}}, []),
    (rules.image_is_named_once, {"image": {"digest": "abc"}}, ["image.digest: 'abc'", "sha256:"]),
    (rules.image_is_named_once, {"image": {"repository": "web"}}, ["image.repository", "image.tag or image.digest"]),
    (rules.image_is_named_once, {"image": {"reference": "web:1", "tag": "1"}}, ["image.reference", "image.tag"]),
    (rules.ports_are_valid, {"ports": {"http": 0, "metrics": 0}}, []),
    (rules.ports_are_valid, {"ports": {"http": 9090}}, ["ports.metrics: 9090 is also ports.http"]),
    (rules.ports_are_valid, {"ports": {"http": 70000}}, ["ports.http: 70000"]),
    (rules.probes_have_ports, {"ports": {"metrics": 0}}, []),
    (rules.probes_have_ports, {"ports": {"http": 0}}, ["probes.startup.port", "probes.liveness", "probes.readiness"]),
    (rules.service_has_a_port, {"service": {"enabled": False}, "ports": {"http": 0}}, []),
    (rules.service_has_a_port, {"ports": {"http": 0}}, ["service.enabled: needs ports.http"]),
    (rules.service_has_a_port, {"service": {"type": "NodePort", "node_port": 30080}}, []),
    (rules.service_has_a_port, {"service": {"node_port": 30080}}, ["service.node_port"]),
    (rules.ingress_has_hosts, {"ingress": INGRESS}, []),
    (rules.ingress_has_hosts, {"ingress": {"enabled": True}}, ["ingress.hosts"]),
    (rules.ingress_has_hosts, {"ingress": INGRESS, "service": {"enabled": False}}, ["needs service.enabled"]),
    (rules.hosts_are_names, {"ingress": {"hosts": ["api.example.com", "*.example.com", UNKNOWN]}}, []),
    (rules.hosts_are_names, {"ingress": {"hosts": ["https://api.example.com"]}}, ["without scheme"]),
    (rules.hosts_are_names, {"ingress": {"hosts": ["API.example.com"]}}, ["'API.example.com'", "lower case"]),
    (rules.hosts_are_names, {"ingress": {"hosts": ["api.example.com:443"]}}, ["port"]),
    (rules.hosts_are_names, {"ingress": {"hosts": ["api.example.com/v1"]}}, ["path"]),
    (rules.hosts_are_names, {"ingress": {"hosts": ["api"]}}, ["'api' is not a host name"]),
    (rules.autoscaling_has_a_range, {"autoscaling": {"min_replicas": 10}}, []),
    (rules.autoscaling_has_a_range, {"autoscaling": {"min_replicas": 11}}, ["above max_replicas"]),
    (rules.autoscaling_has_a_range, {"autoscaling": {"min_replicas": 0}}, ["too small"]),
    (rules.autoscaling_has_a_range, {"autoscaling": {"enabled": False, "min_replicas": 11}}, []),
    (rules.autoscaling_has_a_metric, {"autoscaling": {"cpu_utilization": 0}}, []),
    (rules.autoscaling_has_a_metric, {"autoscaling": {"cpu_utilization": 0, "memory_utilization": 0}}, ["needs cpu_"]),
    (rules.autoscaling_has_a_metric, {"resources": {"requests": {"cpu": None}}}, ["needs resources.requests.cpu"]),
    (rules.rollout_can_surge, {"max_surge": "25%"}, []),
    (rules.rollout_can_surge, {"max_surge": 0}, ["max_surge: 0"]),
    (rules.rollout_can_surge, {"max_surge": "0%"}, ["max_surge: '0%'"]),
    (rules.budget_has_one_amount, {"disruption_budget": {"max_unavailable": "", "min_available": 1}}, []),
    (rules.budget_has_one_amount, {"disruption_budget": {"min_available": 1}}, ["not both"]),
    (rules.budget_has_one_amount, {"disruption_budget": {"max_unavailable": ""}}, ["needs either"]),
    (rules.budget_has_one_amount, {"disruption_budget": {"enabled": False, "max_unavailable": ""}}, []),
    (rules.budget_allows_evictions, {"disruption_budget": {"max_unavailable": "", "min_available": 1}}, []),
    (rules.budget_allows_evictions, {"disruption_budget": {"max_unavailable": "", "min_available": "50%"}}, []),
    (
        rules.budget_allows_evictions,
        {"disruption_budget": {"max_unavailable": "", "min_available": 2}},
        ["min_available: 2", "autoscaling.min_replicas 2"],
    ),
    (
        rules.budget_allows_evictions,
        {"disruption_budget": {"max_unavailable": "", "min_available": 2}, "autoscaling": {"enabled": False}},
        ["min_available: 2", "replicas 2"],
    ),
    (rules.budget_allows_evictions, {"disruption_budget": {"max_unavailable": "", "min_available": "100%"}}, ["100%"]),
    (rules.budget_allows_evictions, {"disruption_budget": {"max_unavailable": 0}}, ["blocks every drain"]),
    (rules.budget_allows_evictions, {"disruption_budget": {"enabled": False, "max_unavailable": 0}}, []),
    (rules.rbac_has_rules, {"rbac": {"enabled": True, "rules": [{"verbs": ["get"]}]}}, []),
    (rules.rbac_has_rules, {"rbac": {"enabled": True}}, ["needs rbac.rules"]),
    (rules.secret_holds_something, {"secret": {"own": True, "keys": ["SECRET_KEY"], "data": [VALUE]}}, []),
    (rules.secret_holds_something, {"secret": {"own": True}}, ["needs secret.keys or secret.data"]),
    (rules.secret_holds_something, {"secret": {"keys": ["SECRET_KEY"]}}, ["need secret.own"]),
    (rules.secret_holds_something, {"secret": {"own": True, "keys": ["A"], "enabled": False}}, ["secret.enabled"]),
    (rules.secret_holds_something, {"secret": {"own": True, "keys": ["TOKEN"], "data": [VALUE]}}, ["TOKEN", "twice"]),
    (rules.environment_is_plain, {"environment": {"A": 1, "B": "x", "C": True, "D": 0.5}}, []),
    (rules.environment_is_plain, {"environment": {"A": ["x"]}}, ["environment.A: ['x']"]),
]


@pytest.mark.parametrize(
    ("rule", "own", "words"), CASES, ids=[f"{place}-{rule.__name__}" for place, (rule, _, _) in enumerate(CASES)]
)
def test_rule_of_one_application(rule: rules.Rule, own: dict[str, Any], words: list[str]) -> None:
    problems = list(rule(merged({"name": "api", **DEFAULTS}, own)))
    assert bool(problems) == bool(words), problems
    assert not [word for word in words if word not in " ".join(problems)], problems


OWN_SECRET = {"own": True, "keys": ["SECRET_KEY"]}
LIST_CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], str]] = {
    "two of a name": ([API, {**WORKER, "name": "api"}], {}, "api: the name is used twice"),
    "reserved name": ([{**WORKER, "name": "shared"}], {}, "shared: this is reserved"),
    "like the migration": ([{**WORKER, "name": "migrate"}], {}, "migrate: this is the name of the shared migration"),
    "like a renamed migration": ([WORKER], {"migration": {"name": "worker"}}, "worker: this is the name of the shared"),
    "like another's migration": (
        [{**API, "migration": {"enabled": True}}, {**WORKER, "name": "api-migrate"}],
        {},
        "api-migrate: this is the name of the migration of api",
    ),
    "one URL for two": ([API, {**API, "name": "admin"}], {}, "api and admin: both have api.example.com/"),
    "one host twice": (
        [{**API, "ingress": {"enabled": True, "hosts": ["a.example.com", "a.example.com"]}}],
        {},
        "api: ingress.hosts: a.example.com is given twice",
    ),
    "own Secret like the shared one": (
        [{**API, "secret": OWN_SECRET}],
        {"secret_name": "api-secret"},
        "api: its own Secret is called like flask_app_secret_name",
    ),
    "a key that the shared Secret lacks": (
        [{**API, "secret": {"own": True, "keys": ["SECRET_KEY", "TOKEN"]}}],
        {},
        "api: secret.keys: the shared Secret has no TOKEN; use DATABASE_PASSWORD, DATABASE_USER, REDIS_PASSWORD",
    ),
}


@pytest.mark.parametrize(("applications", "inventory", "words"), LIST_CASES.values(), ids=list(LIST_CASES))
def test_rule_of_all_applications(applications: list[dict[str, Any]], inventory: dict[str, Any], words: str) -> None:
    with pytest.raises(ApplicationError) as caught:
        settings(*applications, **inventory)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(f"flask_app_applications: {words}")


ACCEPTED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "two paths of one host": ([API, {**API, "name": "admin", "ingress": {**INGRESS, "path": "/admin"}}], {}),
    "one URL, one application disabled": ([API, {**API, "name": "admin", "enabled": False}], {}),
    "a name that no migration has": ([{**WORKER, "name": "migrate"}], {"migration": {"enabled": False}}),
    "a key of the additional data": (
        [{**API, "secret": {"own": True, "keys": ["TOKEN"]}}],
        {"secret_data": [{"key": "TOKEN", "secret": "shop/token"}]},
    ),
}


@pytest.mark.parametrize(("applications", "inventory"), ACCEPTED.values(), ids=list(ACCEPTED))
def test_accepted(applications: list[dict[str, Any]], inventory: dict[str, Any]) -> None:
    assert settings(*applications, **inventory)


def test_every_rule_has_a_case_that_it_refuses() -> None:
    refused = {rule for rule, _, words in CASES if words}
    assert refused == set(rules.APPLICATION_RULES)
    accepted = {rule for rule, _, words in CASES if not words}
    assert accepted == set(rules.APPLICATION_RULES)


def test_the_longest_name_fits_everywhere() -> None:
    """Names of Jobs become labels of their pods, which have at most 63 characters."""
    longest = "a" * rules.NAME_LENGTH
    assert len(f"{longest}-migrate-0123456789") <= 63
    assert len(f"{longest}-a") <= 63
