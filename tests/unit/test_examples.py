"""Every file in examples/ passes the argument specs of its roles, and applications render what it shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.flaskops.eks.plugins.filter import network

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "unit" / "plugins" / "plugin_utils" / "applications"))

from application_cases import Manifest, at, find, given, render  # noqa: E402 - its folder is no package

EXAMPLES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "examples").glob("*.yml"))}
# Variables of playbooks, not of a role.
SWITCHES = {"flaskops_prune", "external_dns_enabled", "metrics_server_enabled"}
# What the example changes: kind and name of an object, a path in it, the value there.
EXPECTED: dict[str, list[tuple[str, str, str, Any]]] = {
    "own_image": [
        (
            "Deployment",
            "reports",
            "spec/template/spec/containers/0/image",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/reports:2.1.0",
        )
    ],
    "own_secret": [("ExternalSecret", "mailer", "spec/data/0/remoteRef/key", "flask-prod/smtp")],
    "own_migration": [("Job", "reports", "spec/template/spec/containers/0/args", ["migrate-reports"])],
    "several_hosts": [("Ingress", "api", "spec/rules/2/host", "api.example.com")],
    "internal_load_balancer": [("Ingress", "api", "metadata/annotations/alb.ingress.kubernetes.io~scheme", "internal")],
    "node_port": [("Service", "api", "spec/ports/0/nodePort", 30080)],
    "external_secret_refresh": [("ExternalSecret", "flask-app-secret", "spec/refreshInterval", "5m")],
}


def options() -> dict[str, Any]:
    return {
        name: {key: value for key, value in option.items() if key != "description"}
        for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values()
        for name, option in entry.get("options", {}).items()
    }


def manifests(example: dict[str, Any]) -> list[Manifest]:
    inventory = {
        name.removeprefix("flask_app_"): value for name, value in example.items() if name.startswith("flask_app_")
    }
    applications = inventory.pop("applications", given()["applications"])
    return render(*applications, inventory=inventory)


@pytest.mark.parametrize("name", EXAMPLES)
def test_variables_are_options_of_their_roles(name: str) -> None:
    example = {key: value for key, value in EXAMPLES[name].items() if key not in SWITCHES}
    known = options()
    assert not set(example) - set(known)
    result = ArgumentSpecValidator({key: known[key] for key in example}).validate(example)
    assert not result.error_messages


@pytest.mark.parametrize("name", EXAMPLES)
def test_applications_render_what_the_example_shows(name: str) -> None:
    rendered = manifests(EXAMPLES[name])
    assert rendered
    for kind, object_name, path, expected in EXPECTED.get(name, []):
        assert at(find(rendered, kind, object_name), path) == expected


def test_an_application_may_reach_the_network_of_the_example() -> None:
    policy = find(manifests(EXAMPLES["network_policy_egress"]), "NetworkPolicy")
    assert "198.51.100.0/24" in str(policy["spec"]["egress"])


def test_external_dns_writes_the_records() -> None:
    ingress = find(manifests(EXAMPLES["external_dns"]), "Ingress")
    assert [name for name in ingress["metadata"]["annotations"] if "external-dns" in name]


def test_a_network_without_nat_has_the_endpoints_that_it_needs() -> None:
    example = EXAMPLES["no_nat"]
    values = {
        "vpc_cidr": "10.0.0.0/16",
        "subnets": {"public": ["10.0.1.0/24", "10.0.2.0/24"], "private": ["10.0.10.0/24", "10.0.20.0/24"],
                    "database": ["10.0.30.0/24", "10.0.31.0/24"]},
        "zones": ["eu-west-1a", "eu-west-1b"],
        "region": "eu-west-1",
        "alb_source_cidrs": ["0.0.0.0/0"],
        "nat": example["network_nat"],
        "endpoints": example["network_endpoints"],
    }  # fmt: skip
    assert network.network_problems(values) == []
    assert network.network_problems({**values, "endpoints": []})


def test_switches_are_read_by_playbooks_or_roles() -> None:
    readers = "".join(
        path.read_text()
        for pattern in ("playbooks/vars/*.yml", "roles/*/defaults/main.yml")
        for path in ROOT.glob(pattern)
    )
    assert not [name for name in SWITCHES if name not in readers]
