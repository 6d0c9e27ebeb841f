"""The module secretsmanager_secret against the account of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from account_fakes import Running, calls

TAGS = {"flaskops:environment": "test", "flaskops:managed-by": "flaskops.eks"}
NAME = "own/database"
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "description": "login",
    "values": {"username": "flask"},
    "generate": ["password"],
    "tags": TAGS,
}

Run = Callable[..., dict[str, Any]]


def converge(run: Run, running: Running, **options: Any) -> dict[str, Any]:
    """Predict, do, and check that a second run changes nothing. No result holds the stored value."""
    start = len(calls(running))
    predicted = run("secretsmanager_secret", check_mode=True, **options)
    assert not [call for call in calls(running)[start:] if call["mutating"]]
    real = run("secretsmanager_secret", **options)
    assert "failed" not in real, real["msg"]
    assert (predicted["changed"], predicted["actions"]) == (real["changed"], real["actions"])
    again = run("secretsmanager_secret", **options)
    assert (again["changed"], again["actions"]) == (False, [])
    if options.get("state") != "absent":
        password = stored(running)["password"]
        assert password not in json.dumps([predicted, real, again])
    return real


def stored(running: Running) -> dict[str, Any]:
    return dict(json.loads(running.client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"]))


def test_a_secret_from_creation_to_removal(run: Run, running: Running) -> None:
    manager = running.client("secretsmanager")
    created = converge(run, running, **OPTIONS)
    assert created["actions"] == [f"create secret {NAME} (password, username)"]
    assert (created["secret"]["tags"], created["secret"]["keys"]) == (TAGS, ["password", "username"])
    first = stored(running)
    assert first["username"] == "flask" and len(first["password"]) == 32

    changed = converge(run, running, **{**OPTIONS, "values": {"username": "shop"}, "generate": ["password", "pin"]})
    assert changed["actions"] == ["write a new version (pin, username)"]
    second = stored(running)
    assert (second["username"], second["password"], len(second["pin"])) == ("shop", first["password"], 32)

    settings = converge(run, running, **{**OPTIONS, "values": None, "description": "x", "tags": {**TAGS, "b": "2"}})
    assert settings["actions"] == ["set description to x", "set tags b=2"]
    assert stored(running) == second

    gone = converge(run, running, name=NAME, tags=TAGS, recovery_window=7, state="absent")
    assert (gone["actions"], gone["secret"], gone["after"]) == ([f"delete secret {NAME}"], {}, {})
    assert manager.describe_secret(SecretId=NAME)["DeletedDate"]

    back = converge(run, running, **OPTIONS)
    assert back["actions"][0] == f"restore secret {NAME}"
    assert stored(running) == {**second, "username": "flask"}

    run("secretsmanager_secret", name=NAME, tags=TAGS, recovery_window=0, state="absent")
    assert NAME not in {secret["Name"] for secret in manager.list_secrets()["SecretList"]}


def test_rotation_is_left_as_it_is_found(run: Run, running: Running) -> None:
    manager = running.client("secretsmanager")
    run("secretsmanager_secret", **OPTIONS)
    manager.rotate_secret(SecretId=NAME, RotationRules={"AutomaticallyAfterDays": 30})
    start = len(calls(running))
    assert converge(run, running, **{**OPTIONS, "values": {"username": "shop"}})["secret"]["rotation_enabled"]
    asked = {call["action"] for call in calls(running)[start:]}
    assert "PutSecretValue" in asked and not asked & {"CancelRotateSecret", "RotateSecret"}
    found = manager.describe_secret(SecretId=NAME)
    assert (found["RotationEnabled"], found["RotationRules"]) == (True, {"AutomaticallyAfterDays": 30})


def test_the_value_of_another_owner_is_not_read(run: Run, running: Running) -> None:
    running.client("secretsmanager").create_secret(
        Name=NAME, SecretString="theirs", Tags=[{"Key": "owner", "Value": "others"}]
    )
    start = len(calls(running))
    for state in ("present", "absent"):
        refused = run("secretsmanager_secret", **OPTIONS, state=state)
        assert "owner=others" in refused["msg"]
    assert {call["action"] for call in calls(running)[start:]} == {"DescribeSecret"}


def test_what_cannot_be_is_refused(run: Run) -> None:
    assert "use 7 to 30 days" in run("secretsmanager_secret", name=NAME, recovery_window=3)["msg"]
    assert "to create it give value" in run("secretsmanager_secret", name=NAME)["msg"]
