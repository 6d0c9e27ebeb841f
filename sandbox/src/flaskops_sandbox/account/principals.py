"""API callers: the IAM users of the sandbox, and users and role sessions created with the API."""

from __future__ import annotations

from dataclasses import dataclass

from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import sts_backends

from flaskops_sandbox.instance import Instance

PARTITION = "aws"


@dataclass(frozen=True)
class Principal:
    """A caller. `arn` is the ARN used in access entries: of the user, or of the role of a session."""

    name: str
    arn: str
    user_id: str
    secret_key: str
    session_arn: str = ""
    session_token: str = ""


def iam(instance: Instance) -> IAMBackend:
    """moto's IAM of this account."""
    return iam_backends[instance.account_id][PARTITION]


def create_users(instance: Instance) -> None:
    """Create the IAM users of the sandbox with the access keys of the instance.

    moto generates its own keys, so replace them by these.
    """
    backend = iam(instance)
    for entry in instance.credentials().values():
        if entry["user"] in backend.users:
            continue
        user = backend.create_user(instance.region, entry["user"])
        key = backend.create_access_key(user.name)
        del backend.access_keys[key.access_key_id]
        key.access_key_id = entry["access_key"]
        key.secret_access_key = entry["secret_key"]
        backend.access_keys[key.access_key_id] = key


def find_principal(instance: Instance, access_key_id: str) -> Principal | None:
    """Return the caller with an access key, or None if the key is unknown or inactive."""
    backend = iam(instance)
    user = backend.get_user_from_access_key_id(access_key_id)
    if user is not None:
        key = next(key for key in user.access_keys if key.access_key_id == access_key_id)
        if key.status != "Active":
            return None
        return Principal(user.name, user.arn, user.id, key.secret_access_key)
    session = sts_backends[instance.account_id][PARTITION].get_assumed_role_from_access_key(access_key_id)
    if session is None:
        return None
    return Principal(
        name=f"{session.role_arn.rsplit('/', 1)[-1]}/{session.session_name}",
        arn=session.role_arn,
        user_id=session.user_id,
        secret_key=session.secret_access_key,
        session_arn=session.arn,
        session_token=session.session_token,
    )
