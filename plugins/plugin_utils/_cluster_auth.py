# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach a cluster's Kubernetes API with AWS credentials: address, certificate authority and token."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import os
import tempfile
import typing as t
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.signers import RequestSigner

from . import _planning

TOKEN_PREFIX: t.Final = "k8s-aws-v1."  # noqa: S105 - a prefix, not a token
_CLUSTER_HEADER: t.Final = "x-k8s-aws-id"
_PRESIGNED_FOR: t.Final = 60
"""Seconds of ``X-Amz-Expires``; the token is good for 15 minutes whatever stands here (aws-iam-authenticator)."""

_PLACEHOLDERS: t.Final = dict.fromkeys(("host", "ca_cert", "api_key"), _planning.PLACEHOLDER)


class ClusterAuthError(Exception):
    """The cluster cannot be reached; the message names it and the next step, and holds no secret."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """How to reach AWS. Nothing of it is ever part of a message."""

    region: str | None = None
    endpoint_url: str | None = None
    access_key: str | None = dataclasses.field(default=None, repr=False)
    secret_key: str | None = dataclasses.field(default=None, repr=False)
    session_token: str | None = dataclasses.field(default=None, repr=False)
    profile: str | None = None

    def session(self) -> boto3.session.Session:
        """A session with these credentials, or those of the environment."""
        return boto3.session.Session(
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.session_token,
            profile_name=self.profile,
        )


def cluster_auth(name: str, connection: Connection, *, check_mode: bool, ca_folder: Path) -> dict[str, str]:
    """Host, ``ca_cert`` (a file) and ``api_key`` (a token) of the cluster ``name``.

    In check mode placeholders when the cluster is not there or has no endpoint yet. Raises ClusterAuthError.
    """
    if _planning.holds_placeholder(name):
        return dict(_PLACEHOLDERS)
    try:
        session = connection.session()
        # Three attempts: describing is safe to repeat, and a play should not hang on a wrong endpoint for minutes.
        config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
        client = session.client("eks", endpoint_url=connection.endpoint_url, config=config)
        cluster = client.describe_cluster(name=name)["cluster"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ResourceNotFoundException":
            if check_mode:
                return dict(_PLACEHOLDERS)
            raise ClusterAuthError(
                f"There is no EKS cluster {name} in {connection.region}. Run playbooks/cluster.yml first."
            ) from None
        raise ClusterAuthError(
            f"The EKS cluster {name} cannot be described: {code}. The credentials need eks:DescribeCluster."
        ) from None
    except BotoCoreError as error:
        raise ClusterAuthError(
            f"AWS cannot be asked about the EKS cluster {name}: {type(error).__name__}. "
            "Check region, endpoint and credentials."
        ) from None
    endpoint = cluster.get("endpoint")
    authority = cluster.get("certificateAuthority", {}).get("data")
    if not endpoint or not authority:
        status = cluster.get("status", "without an endpoint")
        if check_mode:
            return dict(_PLACEHOLDERS)
        raise ClusterAuthError(
            f"The EKS cluster {name} is {status} and has no endpoint yet. Run the role eks to its end first."
        )
    return {
        "host": str(endpoint),
        "ca_cert": str(store_authority(str(authority), ca_folder)),
        "api_key": token(name, session, connection.endpoint_url),
    }


def store_authority(data: str, folder: Path) -> Path:
    """Write a base64 certificate to a file named by its content, if it is not there, and return its path."""
    try:
        pem = base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise ClusterAuthError("The cluster's certificateAuthority is not base64.") from None
    path = folder / f"{hashlib.sha256(pem).hexdigest()[:32]}.crt"
    if path.is_file() and path.read_bytes() == pem:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    os.chmod(temporary, 0o644)  # noqa: PTH101 - a certificate, meant to be read
    Path(temporary).replace(path)
    return path


def token(name: str, session: boto3.session.Session, endpoint_url: str | None) -> str:
    """A bearer token as ``aws eks get-token`` makes it: a presigned STS GetCallerIdentity with the cluster's name."""
    region = session.region_name
    client = session.client("sts", region_name=region, endpoint_url=endpoint_url)
    credentials = session.get_credentials()
    if credentials is None:
        raise ClusterAuthError(f"There are no AWS credentials to sign a token for the EKS cluster {name} with.")
    signer = RequestSigner(
        client.meta.service_model.service_id,
        region,
        "sts",
        "v4",
        credentials,
        client.meta.events,
    )
    request = {
        "method": "GET",
        "url": f"{client.meta.endpoint_url.rstrip('/')}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {_CLUSTER_HEADER: name},
        "context": {},
    }
    url = signer.generate_presigned_url(request, region_name=region, expires_in=_PRESIGNED_FOR, operation_name="")
    return TOKEN_PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
