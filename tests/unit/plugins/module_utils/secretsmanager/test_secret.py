"""The plan of a secret, and that no value leaves it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.api import SecretsManagerApi
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.plan import (
    Stored,
    WantedSecret,
    plan,
    same_key,
)
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.secret import Secret, composed
from botocore.exceptions import ClientError

FOUND = {
    "name": "s",
    "arn": "arn:s",
    "description": "d",
    "kms_key_id": "",
    "rotation_enabled": True,
    "deleted_date": "",
    "tags": {"a": "1"},
    "keys": ["password", "username"],
    "version_id": "v1",
}
STORED = Stored(json.dumps({"username": "flask", "password": "old", "host": "db"}))
DELETED = {**FOUND, "deleted_date": "2026-11-28T00:00:00+00:00"}
LOGIN: dict[str, Any] = {"values": {"username": "flask"}, "generate": ("password",)}


@pytest.mark.parametrize(
    ("options", "found", "stored", "expected"),
    [
        (LOGIN, None, Stored(), ["create secret s (password, username)"]),
        ({"value": "x"}, None, Stored(), ["create secret s"]),
        ({"state": "absent"}, None, Stored(), []),
        (LOGIN, FOUND, STORED, []),
        ({}, FOUND, Stored(), []),
        ({"values": {}, "generate": ()}, FOUND, STORED, []),
        # A changed username is seen, and the generated password is not part of the change.
        ({**LOGIN, "values": {"username": "shop"}}, FOUND, STORED, ["write a new version (username)"]),
        ({**LOGIN, "generate": ("password", "pin")}, FOUND, STORED, ["write a new version (pin)"]),
        ({"secret_values": {"token": "t"}}, FOUND, STORED, ["write a new version (token)"]),
        ({"values": {"port": 5432}}, FOUND, Stored('{"port": 5432}'), []),
        (LOGIN, FOUND, Stored(), ["write a new version (password, username)"]),
        ({"value": "x"}, FOUND, Stored("x"), []),
        ({"value": "x"}, FOUND, Stored("y"), ["write a new version"]),
        ({"description": "d", "tags": {"a": "1"}}, FOUND, Stored(), []),
        ({"description": "e"}, FOUND, Stored(), ["set description to e"]),
        ({"kms_key_id": "arn:k:1:key/k"}, FOUND, Stored(), ["set kms_key_id to arn:k:1:key/k"]),
        ({"tags": {"b": "2"}}, FOUND, Stored(), ["set tags b=2", "remove tags a"]),
        ({"tags": {"b": "2"}, "purge_tags": False}, FOUND, Stored(), ["set tags b=2"]),
        ({**LOGIN, "description": "e"}, DELETED, Stored(), ["restore secret s", "set description to e"]),
        ({"state": "absent"}, FOUND, Stored(), ["delete secret s"]),
        ({"state": "absent"}, DELETED, Stored(), []),
    ],
)
def test_plan(options: dict[str, Any], found: Any, stored: Stored, expected: list[str]) -> None:
    actions = plan(WantedSecret(name="s", **options), found, stored)
    assert [str(action) for action in actions] == expected


@pytest.mark.parametrize(
    ("options", "found", "stored", "message"),
    [
        ({}, None, Stored(), "to create it give value"),
        (LOGIN, FOUND, Stored("plain"), "not a JSON object"),
        (LOGIN, FOUND, Stored("[1]"), "not a JSON object"),
        ({"values": {"a": 1}, "generate": ("a",)}, FOUND, STORED, "a is both given and generated"),
    ],
)
def test_refusals(options: dict[str, Any], found: Any, stored: Stored, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        plan(WantedSecret(name="s", **options), found, stored)


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("arn:aws:kms:r:1:key/k", "k", True),
        ("arn:aws:kms:r:1:key/k", "key/k", True),
        ("arn:aws:kms:r:1:key/k", "arn:aws:kms:r:1:key/k", True),
        ("alias/a", "arn:aws:kms:r:1:alias/a", True),
        ("arn:aws:kms:r:1:key/k", "arn:aws:kms:r:1:key/l", False),
        ("arn:aws:kms:r:1:key/k", "", False),
        ("", "", True),
    ],
)
def test_names_of_one_key(wanted: str, found: str, same: bool) -> None:
    assert same_key(wanted, found) is same


def test_what_is_generated_is_kept_and_what_is_not_named_stays() -> None:
    wanted = WantedSecret(
        name="s", values={"username": "shop"}, secret_values={"token": "t"}, generate=("password", "pin")
    )
    value = json.loads(composed(wanted, STORED))
    assert value | {"pin": ""} == {"username": "shop", "password": "old", "host": "db", "token": "t", "pin": ""}
    assert len(value["pin"]) == 32 and value["pin"].isalnum()
    assert json.loads(composed(wanted, STORED))["pin"] != value["pin"]


def test_no_secret_is_shown_by_a_representation() -> None:
    wanted = WantedSecret(name="s", secret_values={"token": "hidden"}, generate=("password",))
    actions = plan(wanted, FOUND, STORED)
    for text in (repr(wanted), repr(WantedSecret(name="s", value="hidden")), repr(STORED), repr(actions)):
        assert "hidden" not in text and "old" not in text


class Client:
    """Creates by name and token as Secrets Manager does. `lost` is the number of replies that do not arrive."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.created: dict[str, str] = {}
        self.calls: list[dict[str, Any]] = []

    def create_secret(self, aws_retry: bool, **params: Any) -> dict[str, Any]:
        assert aws_retry
        for _attempt in range(5):  # the retries of AWSRetry: the same parameters again
            self.calls.append(params)
            if params["Name"] in self.created and self.created[params["Name"]] != params["ClientRequestToken"]:
                raise ClientError({"Error": {"Code": "ResourceExistsException", "Message": "exists"}}, "CreateSecret")
            self.created.setdefault(params["Name"], params["ClientRequestToken"])
            if self.lost == 0:
                return {"ARN": "arn:s", "Name": params["Name"]}
            self.lost -= 1
        raise AssertionError("no reply")


def test_it_is_created_once_although_replies_are_lost() -> None:
    client = Client(lost=2)
    secret = Secret(SecretsManagerApi(client), WantedSecret(name="s", generate=("password",), tags={"a": "1"}))
    (action,) = secret.plan(None)
    secret.apply(action)
    assert len(client.calls) == 3 and len(client.created) == 1
    assert {json.dumps(call, sort_keys=True) for call in client.calls} == {json.dumps(client.calls[0], sort_keys=True)}
    assert client.calls[0]["Tags"] == [{"Key": "a", "Value": "1"}]
