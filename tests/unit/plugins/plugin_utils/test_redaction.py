"""Hidden values in plans and diffs."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils._redaction import HIDDEN, redact


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x"}, {"password": HIDDEN}),
        ({"adminPassword": 1234}, {"adminPassword": HIDDEN}),
        ({"secretAccessKey": "x"}, {"secretAccessKey": HIDDEN}),
        ({"AWS_SECRET_ACCESS_KEY": "x"}, {"AWS_SECRET_ACCESS_KEY": HIDDEN}),
        ({"credentials": ["x"]}, {"credentials": HIDDEN}),
        ({"credentials": {"user": "flask", "token": "x"}}, {"credentials": {"user": "flask", "token": HIDDEN}}),
        ({"env": [{"name": "DB_PASSWORD", "value": "x"}]}, {"env": [{"name": "DB_PASSWORD", "value": HIDDEN}]}),
        ({"url": "redis://user:x@cache:6379/0"}, {"url": f"redis://{HIDDEN}@cache:6379/0"}),
        (
            {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "flask", "key": "db"}}}]},
            {"env": [{"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "flask", "key": "db"}}}]},
        ),
        ({"access_key_id": "AKIA", "name": "a", "value": "b"}, {"access_key_id": "AKIA", "name": "a", "value": "b"}),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
        ({"password": None}, {"password": None}),
        ({"url": "https://example.test:8443/a@b"}, {"url": "https://example.test:8443/a@b"}),
    ],
)
def test_redact(value: t.Any, shown: t.Any) -> None:
    """Values whose key, or whose name beside them, sounds like a secret; users and passwords in URLs."""
    assert redact(value) == shown


def test_data_of_a_secret() -> None:
    """All of it, whatever the keys are; that of other kinds is shown."""
    data = {"data": {"a": "x"}, "stringData": {"b": "y"}, "type": "Opaque"}
    assert redact(data, "Secret") == {"data": {"a": HIDDEN}, "stringData": {"b": HIDDEN}, "type": "Opaque"}
    assert redact(data, "ConfigMap") == data
