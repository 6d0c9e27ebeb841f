"""Verification of EKS tokens: a TokenReview webhook that the API server calls for every bearer token.

A token is `k8s-aws-v1.` and the base64url of a presigned STS GetCallerIdentity URL
(https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster). EKS sends that URL
to STS. Here the signature is computed with the secret key of the account, which is equivalent. The access entry of the
caller defines user name and groups.

The access policy AmazonEKSClusterAdminPolicy with scope `cluster` becomes the group `system:masters`. Other policies
(Admin, Edit, View, with namespaces) need the authorizer of EKS, which is not emulated: such an entry has only the
permissions of its kubernetesGroups.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from flaskops_sandbox.account import aws
from flaskops_sandbox.account.eks.access import CLUSTER_ADMIN
from flaskops_sandbox.account.eks.store import Eks
from flaskops_sandbox.account.principals import Principal, find_principal

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
LIFETIME = datetime.timedelta(minutes=15)
SKEW = datetime.timedelta(minutes=5)
MAX_EXPIRES_SECONDS = 900
MASTERS = "system:masters"
_STS_HOST = re.compile(r"^sts(\.[a-z0-9-]+)?\.amazonaws\.com$")
_PARAMETERS = frozenset({
    "Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token",
    "X-Amz-Signature", "X-Amz-SignedHeaders",
})  # fmt: skip


class TokenError(Exception):
    """The token is invalid. The message is written to the log of the API server, not returned to the caller."""


@dataclass(frozen=True)
class PresignedUrl:
    """The parts of a token."""

    host: str
    path: str
    parameters: dict[str, str]


def decode(token: str) -> PresignedUrl:
    """Parse a token. Raises TokenError."""
    if not token.startswith(PREFIX):
        raise TokenError("the token does not begin with k8s-aws-v1.")
    encoded = token.removeprefix(PREFIX)
    try:
        url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii"))
        pairs = parse_qsl(url.query, keep_blank_values=True, strict_parsing=True)
    except (ValueError, binascii.Error) as error:
        raise TokenError("the token does not hold a URL") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or not set(parameters) <= _PARAMETERS:
        raise TokenError("the URL's parameters are not those of a presigned GetCallerIdentity")
    return PresignedUrl(url.netloc, url.path or "/", parameters)


def verify(eks: Eks, cluster: str, token: str, now: datetime.datetime) -> Principal:
    """Return the principal that signed the token for this cluster. Raises TokenError."""
    url = decode(token)
    parameters = url.parameters
    if parameters.get("Action") != "GetCallerIdentity":
        raise TokenError("the URL does not ask for GetCallerIdentity")
    own_host = urlsplit(eks.instance.aws_endpoint_url).netloc
    if url.host != own_host and not _STS_HOST.match(url.host):
        raise TokenError(f"{url.host} is not STS")
    _check_time(parameters, now)
    signed = parameters.get("X-Amz-SignedHeaders", "").split(";")
    if sorted(signed) != ["host", CLUSTER_HEADER]:
        raise TokenError(f"the signed headers must be host and {CLUSTER_HEADER}")
    credential = parameters.get("X-Amz-Credential", "").split("/")
    if len(credential) != 5 or credential[3:] != ["sts", "aws4_request"]:
        raise TokenError("the credential's scope is not STS")
    principal = find_principal(eks.instance, credential[0])
    if principal is None:
        raise TokenError("the access key is unknown")
    if principal.session_token != parameters.get("X-Amz-Security-Token", ""):
        raise TokenError("the session token does not belong to the access key")
    expected = _signature(url, cluster, principal.secret_key, credential[1:])
    if not hmac.compare_digest(expected, parameters.get("X-Amz-Signature", "")):
        raise TokenError(f"the signature is not that of {principal.name} for cluster {cluster}")
    return principal


def _check_time(parameters: dict[str, str], now: datetime.datetime) -> None:
    try:
        signed_at = datetime.datetime.strptime(parameters.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ")
        expires = int(parameters.get("X-Amz-Expires", ""))
    except ValueError as error:
        raise TokenError("the URL has no valid date or expiry") from error
    signed_at = signed_at.replace(tzinfo=datetime.UTC)
    if not 0 < expires <= MAX_EXPIRES_SECONDS:
        raise TokenError(f"X-Amz-Expires must be 1 to {MAX_EXPIRES_SECONDS}")
    # As in aws-iam-authenticator, a token expires 15 minutes after its date, regardless of the expiry of the URL.
    if now > signed_at + LIFETIME:
        raise TokenError("the token has expired")
    if now < signed_at - SKEW:
        raise TokenError("the token is from the future")


def _signature(url: PresignedUrl, cluster: str, secret_key: str, scope: list[str]) -> str:
    """SigV4 for a presigned GET: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

    The URL does not contain the value of x-k8s-aws-id. This cluster supplies it, so tokens for other clusters fail.
    """
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(url.parameters.items())
        if name != "X-Amz-Signature"
    )
    canonical = "\n".join([
        "GET",
        url.path,
        query,
        f"host:{url.host}",
        f"{CLUSTER_HEADER}:{cluster}",
        "",
        f"host;{CLUSTER_HEADER}",
        hashlib.sha256(b"").hexdigest(),
    ])  # fmt: skip
    text = "\n".join([
        "AWS4-HMAC-SHA256",
        url.parameters["X-Amz-Date"],
        "/".join(scope),
        hashlib.sha256(canonical.encode()).hexdigest(),
    ])  # fmt: skip
    key = b"AWS4" + secret_key.encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def review(eks: Eks, cluster_name: str, token: str, now: datetime.datetime) -> dict[str, Any]:
    """Return the status of a TokenReview (authentication.k8s.io/v1)."""
    try:
        principal = verify(eks, cluster_name, token, now)
    except TokenError as error:
        return {"authenticated": False, "error": str(error)}
    with eks.lock:
        cluster = eks.clusters.get(cluster_name)
        entry = cluster.access_entries.get(principal.arn) if cluster is not None else None
        if entry is None:
            return {"authenticated": False, "error": f"{principal.arn} has no access entry in cluster {cluster_name}"}
        groups = list(entry.record["kubernetesGroups"])
        admin = entry.policies.get(CLUSTER_ADMIN)
        if admin is not None and admin["accessScope"]["type"] == "cluster":
            groups.append(MASTERS)
        username = str(entry.record["username"])
    session = principal.session_arn.rsplit("/", 1)[-1].replace("@", "-")
    return {
        "authenticated": True,
        "user": {
            "username": username.replace("{{SessionName}}", session),
            "uid": f"aws-iam-authenticator:{eks.instance.account_id}:{principal.user_id}",
            "groups": groups,
            "extra": {"arn": [principal.arn], "principalId": [principal.user_id]},
        },
    }


class Webhook:
    """POST /_sandbox/eks/<cluster>/authenticate; a page of the middleware."""

    def __init__(self, eks: Eks) -> None:
        self.eks = eks

    def __call__(self, match: re.Match[str], _environ: dict[str, Any], body: bytes) -> aws.Response:
        try:
            token = json.loads(body)["spec"]["token"]
        except (ValueError, KeyError, TypeError):
            return aws.json_response({"message": "a TokenReview with spec.token is needed"}, 400)
        status = review(self.eks, match["cluster"], str(token), datetime.datetime.now(datetime.UTC))
        return aws.json_response({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status})
