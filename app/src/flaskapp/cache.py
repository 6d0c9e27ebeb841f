"""The Redis client, with TLS as configured, timeouts, and the password read again for each connection."""

from __future__ import annotations

import ssl
import typing as t

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.credentials import CredentialProvider
from redis.retry import Retry

from flaskapp.config import RedisSettings, Secret


class _Password(CredentialProvider):
    def __init__(self, password: Secret) -> None:
        self._password = password

    def get_credentials(self) -> tuple[str]:
        return (self._password.read(),)


def make_redis(redis: RedisSettings, *, timeout: float = 2.0, retries: int = 2) -> Redis:
    """Return a client that connects on first use. `timeout`: seconds to connect and to wait for each reply."""
    options: dict[str, t.Any] = {}
    if redis.password is not None:
        options["credential_provider"] = _Password(redis.password)
    if redis.tls:
        options |= {
            "ssl": True,
            "ssl_cert_reqs": "required",
            "ssl_check_hostname": True,
            # Python 3.13 enables strict RFC 5280 checks, which private CAs often fail because a key identifier is
            # missing. The chain and the host name are still verified.
            "ssl_exclude_verify_flags": [ssl.VerifyFlags.VERIFY_X509_STRICT],
        }
        if redis.ca_file is not None:
            options["ssl_ca_certs"] = str(redis.ca_file)
    return Redis(
        host=redis.host,
        port=redis.port,
        decode_responses=True,
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries),
        **options,
    )
