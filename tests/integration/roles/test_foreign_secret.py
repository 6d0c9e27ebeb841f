"""A secret with a requested name belongs to another owner: the run fails first, and so does the teardown."""

from __future__ import annotations

from account_fakes import calls
from production import UNPROTECTED, Production

NAME = "flask-prod/cache"
# network_facts as published by the role network; nothing is created in this network.
NETWORK = {"subnet_ids": {"database": []}, "security_group_ids": {"database": "", "cache": ""}}


def test_fails_before_any_change(production: Production) -> None:
    manager = production.client("secretsmanager")
    manager.create_secret(Name=NAME, SecretString="theirs", Tags=[{"Key": "owner", "Value": "others"}])
    before = len(calls(production.running))

    for playbook, variables in (("data_stores", {"network_facts": NETWORK}), ("teardown", UNPROTECTED)):
        run = production.play(playbook, **variables)
        assert (run.failed, run.changed) == (1, 0), run.output
        assert f"secret {NAME} exists, and its tags (owner=others)" in run.output
    asked = calls(production.running)[before:]
    assert not [call["action"] for call in asked if call["mutating"]]
    # The run must not read the value of the secret either.
    assert "DescribeSecret" in {call["action"] for call in asked}
    assert "GetSecretValue" not in {call["action"] for call in asked}
