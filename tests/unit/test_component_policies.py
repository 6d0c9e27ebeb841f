"""The IAM permissions of components fit into policies, also in the region and with the names that make them longest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.flaskops.eks.plugins.filter import iam_policies

ROLES = Path(__file__).resolve().parents[2] / "roles"
ACCOUNT = "123456789012"
LONGEST_REGION = max(
    (region for partition in ("aws", "aws-us-gov") for region in botocore.session.get_session().get_available_regions(
        "eks", partition_name=partition)),
    key=len,
)  # fmt: skip
LONGEST_NAME = "p" * 40
GIVEN: dict[str, dict[str, Any]] = {
    "alb_controller": {"vpc_id": "vpc-0123456789abcdef0", "wafv2": "true"},
    "external_secrets": {
        "secret_names": [f"{LONGEST_NAME}/{number}" for number in range(20)],
        "parameter_paths": ["/web"],
        "kms_key_arns": ["arn:aws:kms:eu-west-1:123456789012:key/1"],
    },
}


def statements(role: str, partition: str, region: str, name: str, **variables: Any) -> list[dict[str, Any]]:
    """The statements of a role, as its tasks would pass them on."""
    loader = DataLoader()
    values = {
        **loader.load_from_file(str(ROLES / role / "defaults" / "main.yml"), trusted_as_template=True),
        **loader.load_from_file(str(ROLES / role / "vars" / "main.yml"), trusted_as_template=True),
        f"{role}_cluster_name": name,
        f"{role}_region": region,
        f"__{role}_caller": {"account": ACCOUNT, "arn": f"arn:{partition}:sts::{ACCOUNT}:assumed-role/ci/run"},
        **{f"{role}_{key}": value for key, value in {**GIVEN[role], **variables}.items()},
    }
    templar = Templar(loader=loader, variables=values)
    template = values[f"__{role}_statements"]
    made: list[dict[str, Any]] = json.loads(json.dumps(templar.template(template)))
    return made


def counted(document: dict[str, Any]) -> int:
    return sum(not character.isspace() for character in json.dumps(document))


@pytest.mark.parametrize("role", list(GIVEN))
@pytest.mark.parametrize(
    ("partition", "region", "name"),
    [("aws", "eu-west-1", "flask-dev"), ("aws-us-gov", LONGEST_REGION, LONGEST_NAME)],
    ids=["usual", "longest"],
)
def test_every_policy_fits(role: str, partition: str, region: str, name: str) -> None:
    wanted = statements(role, partition, region, name)
    policies = iam_policies.policy_documents(wanted, f"{name}-{role}")
    assert all(counted(policy["document"]) <= iam_policies.LARGEST_DOCUMENT for policy in policies)
    split = [item for policy in policies for item in policy["document"]["Statement"]]
    assert sorted(item["Sid"] for item in split) == sorted(item["Sid"] for item in wanted)
    assert all(item in wanted for item in split)


def test_the_longest_permissions_of_the_load_balancer_controller_need_two_policies() -> None:
    wanted = statements("alb_controller", "aws-us-gov", LONGEST_REGION, LONGEST_NAME)
    policies = iam_policies.policy_documents(wanted, "alb")
    assert [policy["name"] for policy in policies] == ["alb", "alb-2"]


def test_resources_are_in_the_callers_partition_region_and_account() -> None:
    wanted = statements("alb_controller", "aws-cn", "cn-north-1", "flask-dev")
    resources = [item["Resource"] for item in wanted if item["Resource"] != "*"]
    flat = [arn for entry in resources for arn in ([entry] if isinstance(entry, str) else entry)]
    assert flat and all(arn.split(":")[1:5:2] == ["aws-cn", "cn-north-1"] and ACCOUNT in arn for arn in flat)


def test_without_a_firewall_nothing_of_wafv2_is_allowed() -> None:
    wanted = statements("alb_controller", "aws", "eu-west-1", "flask-dev", wafv2="false")
    assert "wafv2" not in json.dumps(wanted)


def test_the_operator_reads_named_secrets_parameters_and_keys_only() -> None:
    named = {"secret_names": ["flask-dev/database"], "parameter_paths": ["/web/"], "kms_key_arns": []}
    wanted = {
        item["Sid"]: item["Resource"] for item in statements("external_secrets", "aws", "eu-west-1", "c", **named)
    }
    assert wanted == {
        "Secrets": [f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:flask-dev/database-??????"],
        "Parameters": [f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/web/*"],
    }
