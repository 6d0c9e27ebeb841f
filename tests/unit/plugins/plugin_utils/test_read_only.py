"""Read-only AWS clients."""

from __future__ import annotations

import boto3
import botocore.session
import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils import _read_only as read_only
from botocore.client import BaseClient
from botocore.stub import Stubber

SERVICES = (
    *("acm", "cloudwatch", "ec2", "ecr", "eks", "elasticache", "elbv2", "iam", "kms", "logs", "rds", "route53", "s3"),
    *("secretsmanager", "sns", "ssm", "sts"),
)


@pytest.mark.parametrize("operation", ["DescribeVpcs", "GetRole", "ListTagsLogGroup", "BatchGetImage", "HeadBucket"])
def test_reads(operation: str) -> None:
    """By the name."""
    assert read_only.reads(operation)


def test_writing_operations_are_not_reads() -> None:
    """Every operation of the services in use: none that is called like a change may pass."""
    session = botocore.session.Session()
    names = {name for service in SERVICES for name in session.get_service_model(service).operation_names}
    changing = (
        "Create",
        "Delete",
        "Put",
        "Update",
        "Modify",
        "Attach",
        "Detach",
        "Tag",
        "Untag",
        "Add",
        "Remove",
        "Set",
    )
    writes = {name for name in names if name.startswith(changing)}
    assert len(writes) > 500
    assert not [name for name in writes if read_only.reads(name)]
    assert {name for name in names if name.startswith(("Describe", "List"))} <= set(filter(read_only.reads, names))


def test_verify_and_test_prefixes_are_ambiguous() -> None:
    """VerifyEmailIdentity sends a letter, TestFailover ends a node, TestDNSAnswer only asks: each by its whole name."""
    session = botocore.session.Session()
    names = {name for service in (*SERVICES, "ses") for name in session.get_service_model(service).operation_names}
    doubtful = {name for name in names if name.startswith(("Test", "Verify"))}
    assert {"TestFailover", "TestMigration", "VerifyDomainIdentity", "VerifySMSSandboxPhoneNumber"} <= doubtful
    assert set(filter(read_only.reads, doubtful)) == {"TestDNSAnswer", "TestMetricFilter"}


def test_guard() -> None:
    """A read passes, a write does not and no handler of Exception hides it; afterwards everything is as before."""
    client = boto3.client("logs", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    before = BaseClient._make_api_call
    with Stubber(client) as stub:
        stub.add_response("describe_log_groups", {"logGroups": []})
        with pytest.raises(read_only.WouldWrite) as attempt, read_only.guard():
            assert client.describe_log_groups()["logGroups"] == []
            try:
                client.put_retention_policy(logGroupName="/l", retentionInDays=3)
            except Exception:  # noqa: BLE001 - as modules do
                pytest.fail("a module would have caught it")
    assert attempt.value.operation == "PutRetentionPolicy"
    assert BaseClient._make_api_call is before


def test_dry_runs_of_ec2_pass() -> None:
    """They change nothing by themselves."""
    client = boto3.client("ec2", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        stub.add_response("delete_vpc", {})
        with read_only.guard():
            client.delete_vpc(VpcId="vpc-1", DryRun=True)


@pytest.mark.parametrize(("operation", "made"), [("CreateLogGroup", True), ("RunInstances", True), ("PutRole", False)])
def test_creates(operation: str, made: bool) -> None:
    """What the plan calls the attempt."""
    assert read_only.creates(operation) is made
