"""Parsing of specs: rejected fields, durations, properties, fingerprints."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from flaskops_sandbox.external_secrets.external_secrets_standin import spec
from flaskops_sandbox.external_secrets.external_secrets_standin.spec import Remote, SourceError, SpecError


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (
            {
                "refreshInterval": "10s",
                "secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws-secret-store"},
                "target": {"name": "s", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
                "data": [
                    {
                        "secretKey": "K",
                        "remoteRef": {
                            "key": "a",
                            "property": "p",
                            "version": "AWSCURRENT",
                            "conversionStrategy": "Default",
                            "decodingStrategy": "None",
                            "metadataPolicy": "None",
                        },
                    }
                ],
                "dataFrom": [{"extract": {"key": "a"}}],
            },
            [],
        ),
        ({"target": {"template": {"type": "Opaque", "metadata": {"labels": {"a": "b"}}}}}, []),
        ({"dataFrom": [{"extract": {"key": "a"}}, {"find": {"name": {}}}]}, ["spec.dataFrom[1].find"]),
        ({"dataFrom": [{"sourceRef": {"generatorRef": {}}}]}, ["spec.dataFrom[0].sourceRef"]),
        ({"dataFrom": [{"extract": {"key": "a", "property": "p"}}]}, ["spec.dataFrom[0].extract.property"]),
        ({"target": {"template": {"data": {"a": "b"}}}}, ["spec.target.template.data"]),
        ({"target": {"deletionPolicy": "Merge"}}, ["spec.target.deletionPolicy: Merge"]),
        ({"refreshPolicy": "OnChange"}, ["spec.refreshPolicy: OnChange"]),
        (
            {"data": [{"secretKey": "K", "remoteRef": {"key": "a", "decodingStrategy": "Base64"}, "sourceRef": {}}]},
            ["spec.data[0].remoteRef.decodingStrategy: Base64", "spec.data[0].sourceRef"],
        ),
    ],
)
def test_unsupported_fields_of_external_secrets(found: dict[str, Any], refused: list[str]) -> None:
    assert spec.unsupported(found, spec.EXTERNAL_SECRET) == refused


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        ({"provider": {"aws": {"service": "SecretsManager", "region": "eu-west-1"}}}, []),
        ({"provider": {"aws": {"service": "ParameterStore"}}}, ["spec.provider.aws.service: ParameterStore"]),
        (
            {"provider": {"aws": {"service": "SecretsManager", "auth": {"jwt": {}}, "role": "r"}}},
            ["spec.provider.aws.auth", "spec.provider.aws.role"],
        ),
        ({"provider": {"vault": {}}}, ["spec.provider.vault"]),
        ({"conditions": [{"namespaces": ["a"]}, {"namespaceSelector": {"matchExpressions": []}}]},
         ["spec.conditions[1].namespaceSelector.matchExpressions"]),
    ],
)  # fmt: skip
def test_unsupported_fields_of_stores(found: dict[str, Any], refused: list[str]) -> None:
    assert spec.unsupported(found, spec.STORE) == refused


def test_error_names_every_field() -> None:
    with pytest.raises(SpecError, match=r"spec\.dataFrom\[0\]\.find, spec\.other"):
        spec.check({"dataFrom": [{"find": {}}], "other": 1}, spec.EXTERNAL_SECRET)


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("10s", 10), ("1h0m0s", 3600), ("1h", 3600), ("1.5m", 90), ("250ms", 0.25), ("0", 0), ("0s", 0)],
)
def test_seconds(duration: str, expected: float) -> None:
    assert spec.seconds(duration) == expected


@pytest.mark.parametrize("duration", ["", "10", "1d", "s", "10s?", "-5s"])
def test_invalid_durations_are_rejected(duration: str) -> None:
    with pytest.raises(SpecError, match="refreshInterval"):
        spec.seconds(duration)


JSON = b'{"username": "app", "port": 5432, "a.b": "dotted", "nested": {"inner": {"x": true}}, "none": null}'


@pytest.mark.parametrize(
    ("prop", "expected"),
    [
        ("", JSON),
        ("username", b"app"),
        ("port", b"5432"),
        ("a.b", b"dotted"),
        ("nested.inner.x", b"true"),
        ("nested.inner", b'{"x":true}'),
        ("none", b"null"),
    ],
)
def test_take(prop: str, expected: bytes) -> None:
    assert spec.take(JSON, Remote("key", prop)) == expected


@pytest.mark.parametrize(
    ("content", "prop", "message"),
    [
        (JSON, "absent", "no property absent"),
        (JSON, "username.more", "no property username.more"),
        (b"plain", "p", "no JSON object"),
        (b"[1]", "p", "no JSON object"),
    ],
)
def test_take_names_the_missing_property_without_values(content: bytes, prop: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as error:
        spec.take(content, Remote("key", prop))
    assert "plain" not in str(error.value)


def test_extract_makes_keys_valid() -> None:
    assert spec.extract(b'{"a b": 1, "c/d": "x", "e-f.g": "y"}', Remote("key")) == {
        "a_b": b"1",
        "c_d": b"x",
        "e-f.g": b"y",
    }


@pytest.mark.parametrize(
    ("version", "arguments"),
    [
        ("", {"VersionStage": "AWSCURRENT"}),
        ("AWSPREVIOUS", {"VersionStage": "AWSPREVIOUS"}),
        ("uuid/123", {"VersionId": "123"}),
    ],
)
def test_version_arguments(version: str, arguments: dict[str, str]) -> None:
    assert Remote("key", version=version).version_arguments() == arguments


def test_fingerprints() -> None:
    one, two = spec.encode({"b": b"2", "a": b"1"}), spec.encode({"a": b"1", "b": b"2"})
    assert one["a"] == base64.b64encode(b"1").decode()
    assert spec.data_hash(one) == spec.data_hash(two) != spec.data_hash(spec.encode({"a": b"1"}))
    plain = {"metadata": {"generation": 3}}
    forced = {"metadata": {"generation": 3, "annotations": {"force-sync": "now"}}}
    assert spec.synced_version(plain).startswith("3-")
    assert spec.synced_version(plain) != spec.synced_version(forced)


@pytest.mark.parametrize(
    ("conditions", "allowed"),
    [
        (None, True),
        ([], True),
        ([{"namespaces": ["flask", "other"]}], True),
        ([{"namespaces": ["other"]}], False),
        ([{"namespaceRegexes": ["^fl"]}], True),
        ([{"namespaces": ["other"]}, {"namespaceSelector": {"matchLabels": {"team": "web"}}}], True),
        ([{"namespaceSelector": {"matchLabels": {"team": "web", "tier": "x"}}}], False),
    ],
)
def test_namespace_allowed(conditions: Any, allowed: bool) -> None:
    assert spec.namespace_allowed({"spec": {"conditions": conditions}}, "flask", {"team": "web"}) is allowed
