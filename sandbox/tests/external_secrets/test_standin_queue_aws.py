"""The work queue, and Secrets Manager through boto3 against moto."""

from __future__ import annotations

import json

import boto3
import pytest
from moto import mock_aws

from flaskops_sandbox.external_secrets.external_secrets_standin.aws import SecretsManager
from flaskops_sandbox.external_secrets.external_secrets_standin.queue import LONGEST_RETRY, Key, Queue
from flaskops_sandbox.external_secrets.external_secrets_standin.spec import Remote, SourceError, SourceMissing

A, B = Key("ExternalSecret", "flask", "a"), Key("ExternalSecret", "flask", "b")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock)


def test_earliest_time_wins_and_keys_are_unique(queue: Queue, clock: Clock) -> None:
    queue.add(A, 10)
    queue.add(A, 5)
    queue.add(A, 20)
    queue.add(B, 7)
    assert queue.take(timeout=0) is None
    clock.now = 5
    assert queue.take(timeout=0) == A
    clock.now = 30
    assert queue.take(timeout=0) == B
    assert queue.take(timeout=0) is None


def test_busy_key_waits_without_blocking_others(queue: Queue) -> None:
    queue.add(A)
    assert queue.take(timeout=0) == A
    queue.add(A)
    queue.add(B, 0)
    assert queue.take(timeout=0) == B
    assert queue.take(timeout=0) is None
    queue.done(A)
    assert queue.take(timeout=0) == A


def test_backoff_doubles_up_to_a_limit_and_ends_with_success(queue: Queue, clock: Clock) -> None:
    delays = []
    queue.add(A)
    for _ in range(8):
        assert queue.take(timeout=0) == A
        delay = queue.done(A, failed=True)
        assert delay is not None
        delays.append(delay)
        clock.now += delay
    assert delays == [1, 2, 4, 8, 16, 32, LONGEST_RETRY, LONGEST_RETRY]
    assert queue.take(timeout=0) == A
    assert queue.done(A) is None
    queue.add(A)
    assert queue.take(timeout=0) == A
    assert queue.done(A, failed=True) == 1


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "example")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@mock_aws
def test_secrets_manager(credentials: None) -> None:
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    client.create_secret(Name="flask/database", SecretString=json.dumps({"password": "one"}))
    second = client.put_secret_value(SecretId="flask/database", SecretString=json.dumps({"password": "two"}))
    client.create_secret(Name="binary", SecretBinary=b"\x00\xff")
    source = SecretsManager()
    source.check("eu-west-1")
    assert source.read("eu-west-1", Remote("flask/database")) == b'{"password": "two"}'
    assert source.read("eu-west-1", Remote("flask/database", version="AWSPREVIOUS")) == b'{"password": "one"}'
    version = f"uuid/{second['VersionId']}"
    assert source.read("eu-west-1", Remote("flask/database", version=version)) == b'{"password": "two"}'
    assert source.read("eu-west-1", Remote("binary")) == b"\x00\xff"
    with pytest.raises(SourceMissing, match="secret absent in eu-west-1: ResourceNotFoundException"):
        source.read("eu-west-1", Remote("absent"))


def test_no_endpoint_and_no_credentials_are_source_errors(
    credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.91.9.9:9")
    with pytest.raises(SourceError, match="EndpointConnectionError"):
        SecretsManager().read("eu-west-1", Remote("any"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SourceError, match="no AWS credentials"):
        SecretsManager().check("eu-west-1")
