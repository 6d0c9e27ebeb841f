# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP request with separate host name and connect address. This module does not use Ansible.

A load balancer is checked by the name that its certificate carries, while that name may not resolve yet, or
not from here: the connection goes to an address given by the caller, the TLS server name, the host name check and the
Host header keep the name of the URL. curl calls this `--resolve`.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

MAX_REDIRECTS = 5
MAX_BODY = 1024 * 1024  # longer bodies are truncated to keep results small


class RequestFailed(Exception):
    """No answer came: not resolved, refused, timed out, or the certificate is not what it must be."""


@dataclass(frozen=True)
class Target:
    """Where to connect and which name to insist on."""

    connect_address: str = ""
    ca_path: str = ""
    timeout: float = 10.0


@dataclass(frozen=True)
class Answer:
    """What came back. Header names are lower case; `certificate` is empty without TLS."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: str
    elapsed: float
    certificate: Mapping[str, Any] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class _PlainConnection(http.client.HTTPConnection):
    """A connection to an address, for the name of the URL."""

    def __init__(self, host: str, port: int, address: str, timeout: float) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address or host
        self.peer: Mapping[str, Any] = {}

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


class _SecureConnection(_PlainConnection):
    """The same under TLS: SNI and the host name check use the URL's name."""

    def __init__(self, host: str, port: int, address: str, timeout: float, context: ssl.SSLContext) -> None:
        super().__init__(host, port, address, timeout)
        self._context = context

    def connect(self) -> None:
        super().connect()
        plain = self.sock
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise
        # Kept here because http.client lets go of the socket once a closing answer has begun.
        self.peer = self.sock.getpeercert() or {}


def request(
    url: str,
    target: Target,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: Any = None,
    follow_redirects: bool = False,
) -> Answer:
    """Send one request. `body`, when given, is sent as JSON.

    Redirects are followed only for the same host name, since the address was given for that one: from HTTP to HTTPS,
    or to another path. Raises RequestFailed without a response and ValueError for an invalid URL.
    """
    for _attempt in range(MAX_REDIRECTS):
        answer = _send(url, target, method, headers or {}, body)
        location = answer.headers.get("location", "")
        if not follow_redirects or answer.status not in {301, 302, 303, 307, 308} or not location:
            return answer
        following = urljoin(url, location)
        if urlsplit(following).hostname != urlsplit(url).hostname:
            return answer
        if answer.status == 303:
            method, body = "GET", None
        url = following
    raise RequestFailed(f"{url}: more than {MAX_REDIRECTS} redirects, the last to {location}")


def describe_certificate(peer: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of SSLSocket.getpeercert() that a person compares."""
    return {
        "subject": _name(peer.get("subject") or ()),
        "issuer": _name(peer.get("issuer") or ()),
        "names": [str(value) for kind, value in peer.get("subjectAltName") or () if kind == "DNS"],
        "not_before": str(peer.get("notBefore") or ""),
        "not_after": str(peer.get("notAfter") or ""),
        "serial_number": str(peer.get("serialNumber") or ""),
    }


def explain_mismatch(answer: Answer, wanted: Sequence[int], excerpt: int = 500) -> str:
    """Why an answer is not the wanted one, with the beginning of its body."""
    text = " ".join(answer.body.split())[:excerpt]
    codes = ", ".join(str(code) for code in wanted)
    location = answer.headers.get("location")
    redirect = f", location {location}" if location else ""
    return f"{answer.url} answered {answer.status}{redirect}, wanted {codes}" + (f": {text}" if text else "")


def _send(url: str, target: Target, method: str, headers: Mapping[str, str], body: Any) -> Answer:
    parts = _split(url)
    payload, sent_headers = _payload(body, headers)
    connection = _connection(parts, target)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    where = target.connect_address or str(parts.hostname)
    began = time.monotonic()
    try:
        connection.request(method, path, body=payload, headers=sent_headers)
        response = connection.getresponse()
        content = response.read(MAX_BODY)
    except ssl.SSLCertVerificationError as error:
        raise RequestFailed(f"{url}: the certificate at {where} is not trusted: {error.verify_message}") from error
    except (OSError, http.client.HTTPException) as error:
        raise RequestFailed(f"{url}: no answer from {where}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    return Answer(
        url=url,
        status=response.status,
        headers={name.lower(): value for name, value in response.getheaders()},
        body=content.decode("utf-8", "replace"),
        elapsed=round(time.monotonic() - began, 3),
        certificate=describe_certificate(connection.peer) if connection.peer else {},
    )


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no URL to send a request to: it needs http:// or https:// and a host name")
    return parts


def _connection(parts: SplitResult, target: Target) -> _PlainConnection:
    host = str(parts.hostname)
    if parts.scheme == "http":
        return _PlainConnection(host, parts.port or 80, target.connect_address, target.timeout)
    try:
        context = ssl.create_default_context(cafile=target.ca_path or None)
    except (OSError, ssl.SSLError) as error:
        raise RequestFailed(f"the CA file {target.ca_path} cannot be used: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return _SecureConnection(host, parts.port or 443, target.connect_address, target.timeout, context)


def _payload(body: Any, headers: Mapping[str, str]) -> tuple[bytes | None, dict[str, str]]:
    sent = {"Accept": "*/*", "User-Agent": "flaskops.eks", "Connection": "close", **headers}
    if body is None:
        return None, sent
    sent.setdefault("Content-Type", "application/json")
    return json.dumps(body).encode(), sent


def _name(pairs: Sequence[Sequence[tuple[str, str]]]) -> str:
    """A distinguished name as one line."""
    return ", ".join(f"{key}={value}" for part in pairs for key, value in part)
