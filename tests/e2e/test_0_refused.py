"""Invalid input fails with the name of the variable, before any changing call reaches the account."""

from __future__ import annotations

import json

import pytest
from system import System

REFUSED = {
    "unknown environment": ({"flaskops_environment": "qa"}, ["flaskops_environment", "qa"]),
    "subnet outside the VPC": (
        {
            "network_subnets": {
                "public": ["10.0.1.0/24", "10.0.2.0/24"],
                "private": ["10.0.10.0/24", "192.168.1.0/24"],
                "database": ["10.0.30.0/24", "10.0.31.0/24"],
            }
        },
        ["network_subnets", "192.168.1.0/24", "10.0.0.0/16"],
    ),
    "one zone only": ({"network_zones": ["eu-west-1a"]}, ["network_zones", "two"]),
    "wrong type": ({"eks_node_groups": "many"}, ["eks_node_groups"]),
    "unknown key in an application": (
        {"flask_app_applications": [{"name": "api", "args": ["api"], "replicsa": 3}]},
        ["flask_app_applications", "replicsa"],
    ),
    "missing credentials": (
        {"flaskops_aws": {"region": "eu-west-1", "endpoint_url": "http://ENDPOINT:4566", "profile": None}},
        ["flaskops_aws", "AWS_ACCESS_KEY_ID"],
    ),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=list(REFUSED))
def test_invalid_input_fails_before_any_change(values, words, system: System):
    text = json.dumps(values).replace("ENDPOINT", system.instance.services_address)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        system.environment.pop(name, None)
    before = system.last_call()
    run = system.playbook("site.yml", "-e", text, log="refused")
    assert run.code != 0
    told = run.output.replace("\n", " ")
    assert not [word for word in words if word not in told], run.output[-2500:]
    assert not [call for call in system.calls(before) if call["mutating"]]


def test_missing_instance_names_the_command(system: System):
    system.environment["FLASKOPS_INSTANCE"] = "nobody"
    try:
        run = system.playbook("site.yml", log="no-instance")
    finally:
        system.environment["FLASKOPS_INSTANCE"] = system.name
    assert run.code != 0
    assert "make up" in run.output


# Values that each user must set, in the order in which they are reported.
TO_FILL_IN = {
    "eks_public_access_cidrs": ["10.77.0.0/24"],
    "eks_admin_principal_arn": "arn:aws:iam::123456789012:role/ops",
    "dns_tls_zone_name": "flask.example.org",
    "flaskops_account_id": "123456789012",
}


@pytest.mark.parametrize(
    ("environment", "forgotten"),
    [("dev", ["eks_public_access_cidrs"]), ("staging", ["eks_admin_principal_arn"]), ("prod", list(TO_FILL_IN))],
)
def test_other_environments_need_only_the_values_of_their_user(environment, forgotten, system: System):
    """They pass the syntax check, and preflight rejects only the values that each user must set."""
    inventory = ["-i", f"inventories/{environment}"]
    checked = system.run("ansible-playbook", "site.yml", *inventory, "--syntax-check", log=f"syntax-{environment}")
    assert checked.code == 0, checked.output
    endpoint = {"endpoint_url": system.instance.aws_endpoint_url, "region": "eu-west-1"}
    keys = system.instance.credentials()["deployer"]
    values = {"flaskops_aws": endpoint | {name: keys[name] for name in ("access_key", "secret_key")}}
    private = system.folder / f"{environment}.json"
    private.touch(mode=0o600)
    private.write_text(json.dumps(values))
    words = ["ansible-playbook", "playbooks/preflight.yml", *inventory, "-e", f"@{private}"]
    for name in forgotten:
        others = {key: value for key, value in TO_FILL_IN.items() if key != name}
        refused = system.run(*words, "-e", json.dumps(others), log=f"preflight-{environment}-without-{name}")
        assert refused.code != 0 and name in refused.output, refused.output[-2500:]
    run = system.run(*words, "-e", json.dumps(TO_FILL_IN), log=f"preflight-{environment}")
    assert run.code == 0, run.output[-2500:]
