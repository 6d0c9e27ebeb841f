"""Authentication of callers and the call log."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from account_fakes import Running, calls
from botocore.exceptions import ClientError

from flaskops_sandbox.account.calls import is_mutating

UNKNOWN = {"aws_access_key_id": "AKIAUNKNOWNUNKNOWN12", "aws_secret_access_key": "x" * 40}


@pytest.mark.parametrize(
    ("action", "mutating"),
    [
        ("DescribeVpcs", False),
        ("ListUsers", False),
        ("BatchGetImage", False),
        ("BatchDeleteImage", True),
        ("CreateCluster", True),
        ("AssumeRole", False),
        ("Decrypt", False),
        ("TagResource", True),
        ("UntagResource", True),
        ("GET /unknown", False),
        ("DELETE /unknown", True),
    ],
)
def test_mutating_actions(action: str, mutating: bool) -> None:
    assert is_mutating(action) is mutating


def test_callers_are_identified_by_access_key(running: Running) -> None:
    for user in ("deployer", "alb-controller", "external-secrets"):
        arn = running.client("sts", user).get_caller_identity()["Arn"]
        assert arn == f"arn:aws:iam::123456789012:user/{user}"


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("ec2", "describe_vpcs", "AuthFailure", 401),
        ("iam", "list_users", "InvalidClientTokenId", 403),
        ("secretsmanager", "list_secrets", "UnrecognizedClientException", 403),
        ("eks", "list_clusters", "UnrecognizedClientException", 403),
        ("route53", "list_hosted_zones", "InvalidClientTokenId", 403),
        ("s3", "list_buckets", "InvalidAccessKeyId", 403),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId", 403),
    ],
)
def test_unknown_keys_are_rejected_in_the_protocol_of_the_service(
    running: Running, service: str, operation: str, code: str, status: int
) -> None:
    client = running.client(service, **UNKNOWN)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert calls(running)[-1]["principal"] == "unknown"


def test_inactive_keys_are_rejected(running: Running) -> None:
    iam = running.client("iam")
    keys = running.account.instance.credentials()["external-secrets"]
    iam.update_access_key(UserName="external-secrets", AccessKeyId=keys["access_key"], Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        running.client("sts", "external-secrets").get_caller_identity()


def test_role_sessions_are_callers(running: Running) -> None:
    arn = running.role("worker", "ec2.amazonaws.com")
    session = running.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    client = running.client(
        "iam",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    client.list_users()
    assert calls(running)[-1]["principal"] == "worker/me"


def test_every_call_is_logged_with_its_action(running: Running) -> None:
    ec2, route53, secrets = running.client("ec2"), running.client("route53"), running.client("secretsmanager")
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    route53.list_hosted_zones()
    secrets.create_secret(Name="a", SecretString="hidden-value")
    running.client("eks").list_clusters()
    with pytest.raises(ClientError):
        ec2.delete_vpc(VpcId="vpc-00000000")
    seen = [(e["service"], e["action"], e["principal"], e["mutating"], e["status"], e["error"]) for e in calls(running)]
    assert seen == [
        ("ec2", "CreateVpc", "deployer", True, 200, ""),
        ("route53", "ListHostedZones", "deployer", False, 200, ""),
        ("secretsmanager", "CreateSecret", "deployer", True, 200, ""),
        ("eks", "ListClusters", "deployer", False, 200, ""),
        ("ec2", "DeleteVpc", "deployer", True, 400, "InvalidVpcID.NotFound"),
    ]


def test_log_file_equals_the_page_and_has_no_secret(running: Running) -> None:
    running.client("secretsmanager").create_secret(Name="a", SecretString="hidden-value")
    text = (running.account.instance.log_dir / "calls.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == calls(running)
    assert "hidden-value" not in text
    assert running.account.instance.credentials()["deployer"]["secret_key"] not in text


def test_calls_since_a_sequence_number(running: Running) -> None:
    sts = running.client("sts")
    sts.get_caller_identity()
    first = calls(running)[-1]["sequence"]
    sts.get_caller_identity()
    assert [entry["sequence"] for entry in calls(running, since=first)] == [first + 1]
    assert calls(running)[0]["request_id"]


def _get(url: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_pages(running: Running) -> None:
    status, health = _get(f"{running.url}/_sandbox/health")
    assert (status, health["status"], health["instance"]) == (200, "ok", "test")
    assert _get(f"{running.url}/_sandbox/nothing")[0] == 404
    assert _get(f"{running.url}/_sandbox/calls?since=x")[0] == 400
    assert _get(f"{running.url}/moto-api/data.json")[0] == 404


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ec2", "describe_ipam_pools"), ("rds", "describe_db_engine_versions"), ("eks", "list_fargate_profiles")],
)
def test_unsupported_operation_returns_501(running: Running, service: str, operation: str) -> None:
    wanted = {"clusterName": "dev"} if service == "eks" else {}
    with pytest.raises(ClientError) as caught:
        getattr(running.client(service), operation)(**wanted)
    assert caught.value.response["Error"]["Code"] == "NotImplemented"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert calls(running)[-1]["status"] == 501


def test_shield_answers_the_load_balancer_controller(running: Running) -> None:
    assert running.client("shield").get_subscription_state()["SubscriptionState"] == "INACTIVE"


def test_unsigned_requests_are_rejected(running: Running) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{running.url}/clusters")
    assert caught.value.code == 403
    assert b"MissingAuthenticationToken" in caught.value.read()
