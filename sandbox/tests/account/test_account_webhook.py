"""EKS tokens: authentication and groups."""

from __future__ import annotations

import base64
import datetime
import json
import urllib.request
from typing import Any

import botocore.session
import pytest
from account_fakes import Network, Running, create_cluster
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.signers import RequestSigner

from flaskops_sandbox.account import webhook

DEPLOYER = "arn:aws:iam::123456789012:user/deployer"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def make_token(
    running: Running, cluster: str = "dev", user: str = "deployer", secret: str | None = None,
    url: str = "https://sts.eu-west-1.amazonaws.com/", expires: int = 60,
) -> str:  # fmt: skip
    """A token as the aws CLI and the collection make it."""
    keys = running.account.instance.credentials()[user]
    session = botocore.session.get_session()
    client = session.create_client("sts", region_name="eu-west-1")
    signer = RequestSigner(
        client.meta.service_model.service_id, "eu-west-1", "sts", "v4",
        Credentials(keys["access_key"], secret or keys["secret_key"]), session.get_component("event_emitter"),
    )  # fmt: skip
    presigned = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{url}?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name="eu-west-1",
        expires_in=expires,
        operation_name="",
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(presigned.encode()).decode().rstrip("=")


def review(running: Running, token: str, cluster: str = "dev") -> dict[str, Any]:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    request = urllib.request.Request(
        f"{running.url}/_sandbox/eks/{cluster}/authenticate",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        reply = json.load(answer)
    assert (reply["apiVersion"], reply["kind"]) == ("authentication.k8s.io/v1", "TokenReview")
    return dict(reply["status"])


def _entry(running: Running, **wanted: Any) -> None:
    running.client("eks").create_access_entry(clusterName="dev", principalArn=DEPLOYER, **wanted)


def test_cluster_admin_is_in_system_masters(running: Running, cluster: dict[str, Any]) -> None:
    _entry(running)
    running.client("eks").associate_access_policy(
        clusterName="dev", principalArn=DEPLOYER, policyArn=ADMIN, accessScope={"type": "cluster"}
    )
    status = review(running, make_token(running))
    assert status["authenticated"] is True
    assert status["user"]["username"] == DEPLOYER
    assert status["user"]["groups"] == ["system:masters"]


def test_groups_and_user_name_come_from_the_entry(running: Running, cluster: dict[str, Any]) -> None:
    _entry(running, kubernetesGroups=["viewers"], username="dave")
    running.client("eks").associate_access_policy(
        clusterName="dev", principalArn=DEPLOYER, policyArn=VIEW, accessScope={"type": "cluster"}
    )
    user = review(running, make_token(running))["user"]
    assert (user["username"], user["groups"]) == ("dave", ["viewers"])


def test_sts_endpoint_of_the_sandbox_is_accepted(running: Running, cluster: dict[str, Any]) -> None:
    _entry(running)
    token = make_token(running, url=f"{running.account.instance.aws_endpoint_url}/")
    assert review(running, token)["authenticated"] is True


def test_role_sessions_use_the_entry_of_the_role(running: Running, cluster: dict[str, Any]) -> None:
    role = running.role("ops", "ec2.amazonaws.com")
    running.client("eks").create_access_entry(clusterName="dev", principalArn=role, kubernetesGroups=["ops"])
    session = running.client("sts").assume_role(RoleArn=role, RoleSessionName="ada@home")["Credentials"]
    request = _presign(session)
    user = review(running, request)["user"]
    assert user["username"] == "arn:aws:sts::123456789012:assumed-role/ops/ada-home"
    assert user["groups"] == ["ops"]


def _presign(session: dict[str, str]) -> str:
    from botocore.auth import SigV4QueryAuth

    credentials = Credentials(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    request = AWSRequest(
        "GET",
        "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        headers={"x-k8s-aws-id": "dev"},
    )
    SigV4QueryAuth(credentials, "sts", "eu-west-1", expires=60).add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def test_principal_without_an_entry_is_denied(running: Running, cluster: dict[str, Any]) -> None:
    status = review(running, make_token(running))
    assert status["authenticated"] is False
    assert "no access entry" in status["error"]
    assert "user" not in status


def test_bootstrapped_creator_has_access(running: Running, network: Network) -> None:
    create_cluster(running, network, accessConfig={"authenticationMode": "API"})
    assert review(running, make_token(running))["user"]["groups"] == ["system:masters"]


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        ({"secret": "another-secret"}, "signature"),
        ({"cluster": "prod"}, "signature"),
        ({"expires": 901}, "X-Amz-Expires"),
        ({"url": "https://sts.example.com/"}, "is not STS"),
    ],
)
def test_invalid_signatures(running: Running, cluster: dict[str, Any], token: dict[str, Any], cause: str) -> None:
    _entry(running)
    status = review(running, make_token(running, **token))
    assert status["authenticated"] is False
    assert cause in status["error"]


@pytest.mark.parametrize("token", ["", "k8s-aws-v1.", "k8s-aws-v1.%%%", "k8s-aws-v1.aGVsbG8", "Bearer x"])
def test_malformed_tokens(running: Running, cluster: dict[str, Any], token: str) -> None:
    assert review(running, token)["authenticated"] is False


@pytest.mark.parametrize(
    ("minutes", "known"), [(0, True), (14, True), (-4, True), (16, False), (-6, False)],
)  # fmt: skip
def test_tokens_expire_after_fifteen_minutes(
    running: Running, cluster: dict[str, Any], minutes: int, known: bool
) -> None:
    _entry(running)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    status = webhook.review(running.account.eks, "dev", make_token(running), later)
    assert status["authenticated"] is known


def test_a_changed_parameter_breaks_the_signature(running: Running, cluster: dict[str, Any]) -> None:
    _entry(running)
    token = make_token(running).removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().replace("Expires=60", "Expires=600")
    forged = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode()
    assert "signature" in review(running, forged)["error"]


def test_token_is_not_logged(running: Running, cluster: dict[str, Any]) -> None:
    token = make_token(running)
    review(running, token)
    assert token not in (running.account.instance.log_dir / "calls.jsonl").read_text(encoding="utf-8")
