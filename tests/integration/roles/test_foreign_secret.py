"""A secret of a wanted name that is somebody else's: nothing is made beside it, and no teardown begins."""

from __future__ import annotations

from account_fakes import calls
from production import UNPROTECTED, Production

NAME = "flask-prod/cache"
# As the role network would publish one; nothing is made in it.
NETWORK = {"subnet_ids": {"database": []}, "security_group_ids": {"database": "", "cache": ""}}


def test_it_is_refused_before_anything_is_touched(production: Production) -> None:
    manager = production.client("secretsmanager")
    manager.create_secret(Name=NAME, SecretString="theirs", Tags=[{"Key": "owner", "Value": "others"}])
    before = len(calls(production.running))

    for playbook, variables in (("data_stores", {"network_facts": NETWORK}), ("teardown", UNPROTECTED)):
        run = production.play(playbook, **variables)
        assert (run.failed, run.changed) == (1, 0), run.output
        assert f"secret {NAME} exists, and its tags (owner=others)" in run.output
    asked = calls(production.running)[before:]
    assert not [call["action"] for call in asked if call["mutating"]]
    # Its value is nobody's business either.
    assert "DescribeSecret" in {call["action"] for call in asked}
    assert "GetSecretValue" not in {call["action"] for call in asked}
