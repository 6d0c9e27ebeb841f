"""The middleware in front of moto: pages of the sandbox, authentication, the call log, and replaced services."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from flaskops_sandbox.account import aws
from flaskops_sandbox.account.calls import CallLog, is_mutating
from flaskops_sandbox.account.principals import Principal, find_principal
from flaskops_sandbox.instance import Instance

LOG = logging.getLogger(__name__)

Environ = dict[str, Any]
WsgiApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
# A replaced service: (request environment, body, caller) -> response.
OwnService = Callable[[Environ, bytes, Principal], aws.Response]
# A page of the sandbox: (match of its path, request environment, body) -> response.
Page = Callable[[re.Match[str], Environ, bytes], aws.Response]

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html: needs no AWS credentials.
UNSIGNED_ACTIONS = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_ERROR_CODE = re.compile(rb"<Code>([A-Za-z.]+)</Code>|\"__type\":\s*\"(?:[^\"#]*#)?([A-Za-z.]+)\"")


class Middleware:
    """A WSGI application around moto's."""

    def __init__(self, instance: Instance, log: CallLog, inner: WsgiApplication) -> None:
        self.instance = instance
        self.log = log
        self.inner = inner
        self.services: dict[str, OwnService] = {}
        self.pages: list[tuple[str, re.Pattern[str], Page]] = [
            ("GET", re.compile(r"/_sandbox/calls"), self._calls_page),
        ]

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        body = _buffer_body(environ)
        if path.startswith("/_sandbox/"):
            return _send(self._page(environ, path, body), start_response)
        if path.startswith("/moto-api"):
            # moto's control pages could reset the account without a log entry.
            return _send(aws.json_response({"message": "not part of the sandbox"}, 404), start_response)
        return self._call(environ, body, start_response)

    def _page(self, environ: Environ, path: str, body: bytes) -> aws.Response:
        for method, pattern, page in self.pages:
            match = pattern.fullmatch(path)
            if match and environ["REQUEST_METHOD"] == method:
                return page(match, environ, body)
        return aws.json_response({"message": f"no such page: {environ['REQUEST_METHOD']} {path}"}, 404)

    def _calls_page(self, _match: re.Match[str], environ: Environ, _body: bytes) -> aws.Response:
        since = parse_qs(environ.get("QUERY_STRING", "")).get("since", ["0"])[0]
        if not since.isdigit():
            return aws.json_response({"message": f"since must be a sequence number, not {since!r}"}, 400)
        return aws.json_response({"calls": self.log.since(int(since))})

    def _call(self, environ: Environ, body: bytes, start_response: Callable[..., Any]) -> Iterable[bytes]:
        call = aws.identify(environ, body)
        principal = find_principal(self.instance, call.access_key_id) if call.access_key_id else None
        if principal is None and call.access_key_id:
            response = aws.unknown_key_response(call.service)
            self._record(call, "unknown", response.status, dict(response.headers), response.body)
            return _send(response, start_response)
        if principal is None and call.action not in UNSIGNED_ACTIONS:
            response = aws.unsigned_response(call.service)
            self._record(call, "unsigned", response.status, dict(response.headers), response.body)
            return _send(response, start_response)
        own = self.services.get(call.service)
        if own is not None and principal is not None:
            response = own(environ, body, principal)
            self._record(call, principal.name, response.status, dict(response.headers), response.body)
            return _send(response, start_response)
        return self._inner(environ, call, principal.name if principal else "unsigned", start_response)

    def _inner(
        self, environ: Environ, call: aws.Call, principal: str, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        began: dict[str, Any] = {}

        def remember(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            began.update(status=int(status.split(" ", 1)[0]), headers=dict(headers))
            return start_response(status, headers, *rest)

        try:
            chunks = self.inner(environ, remember)
            try:
                answer = b"".join(chunks)
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
        except NotImplementedError:
            # SDKs do not retry status 501. moto would return an HTML page with 500.
            message = f"The sandbox's AWS does not have {call.service}:{call.action}"
            response = aws.error_response(call.service, 501, "NotImplemented", message)
        except Exception:
            LOG.exception("%s:%s could not be answered", call.service, call.action)
            response = aws.error_response(call.service, 500, "InternalFailure", "The cause is in the account's log")
        else:
            self._record(call, principal, began["status"], began["headers"], answer)
            return [answer]
        self._record(call, principal, response.status, dict(response.headers), response.body)
        return _send(response, start_response)

    def _record(self, call: aws.Call, principal: str, status: int, headers: dict[str, str], body: bytes) -> None:
        if call.from_load_balancer:
            return  # do not log frequent internal calls
        code = ""
        if status >= 400:
            match = _ERROR_CODE.search(body)
            code = next((group.decode() for group in match.groups() if group), "") if match else ""
        lowered = {name.lower(): value for name, value in headers.items()}
        self.log.add(
            service=call.service,
            action=call.action,
            principal=principal,
            mutating=is_mutating(call.action),
            status=status,
            error=code,
            request_id=lowered.get("x-amzn-requestid") or lowered.get("x-amz-request-id", ""),
        )


def _buffer_body(environ: Environ) -> bytes:
    """Read the body and leave a copy for moto. Leave a chunked body unread."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _send(response: aws.Response, start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body)))]
    start_response(response.status_line, headers)
    return [response.body]
