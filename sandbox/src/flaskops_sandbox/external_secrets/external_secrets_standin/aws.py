"""AWS Secrets Manager through boto3, with the credentials and the endpoint that the environment gives."""

from __future__ import annotations

import threading
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .spec import Remote, SourceError, SourceMissing


class SecretsManager:
    """One client a region; boto3's clients may be shared by threads, their maker may not."""

    def __init__(self) -> None:
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def _client(self, region: str) -> Any:
        with self._lock:
            if region not in self._clients:
                config = Config(
                    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}
                )
                self._clients[region] = self._session.client("secretsmanager", region_name=region, config=config)
            return self._clients[region]

    def check(self, region: str) -> None:
        """SourceError when the environment has no credentials; `region` is accepted as it is."""
        with self._lock:
            if self._session.get_credentials() is None:
                raise SourceError(f"no AWS credentials in the environment (region {region})")

    def read(self, region: str, remote: Remote) -> bytes:
        """The content of one secret. The errors name the secret and AWS's code, never a value."""
        try:
            answer = self._client(region).get_secret_value(SecretId=remote.key, **remote.version_arguments())
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            kind = SourceMissing if code == "ResourceNotFoundException" else SourceError
            raise kind(f"secret {remote.key} in {region}: {code}") from error
        except (BotoCoreError, ResponseParserError) as error:
            raise SourceError(f"secret {remote.key} in {region}: {type(error).__name__}") from error
        text = answer.get("SecretString")
        return text.encode() if text is not None else bytes(answer["SecretBinary"])
