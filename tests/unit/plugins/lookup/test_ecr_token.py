"""Parsing of the ECR token."""

from __future__ import annotations

import base64

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.flaskops.eks.plugins.lookup import ecr_token


def authorization(token: bytes, endpoint: str = "https://198.51.100.7:5000") -> dict[str, str]:
    return {"authorizationToken": base64.b64encode(token).decode(), "proxyEndpoint": endpoint}


def test_token_has_user_and_password_and_the_registry_its_port() -> None:
    assert ecr_token.credentials(authorization(b"AWS:with:colons")) == {
        "username": "AWS",
        "password": "with:colons",
        "registry": "198.51.100.7:5000",
    }


@pytest.mark.parametrize("token", [b"hunter2", b"\xff\xfe"])
def test_invalid_token_is_not_quoted(token: bytes) -> None:
    with pytest.raises(AnsibleLookupError) as caught:
        ecr_token.credentials(authorization(token))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
