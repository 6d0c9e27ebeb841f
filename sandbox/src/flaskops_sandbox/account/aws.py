"""The AWS protocols as needed here: identify the API call of a request and build error responses.

Sources: SigV4 credential scopes (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html), the protocols
of botocore's service models, and the errors in https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

import functools
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException, NotFound

from flaskops_sandbox.alb.discovery import USER_AGENT

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")
# Signing names that differ from botocore's service names.
_MODEL_NAMES = {
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
    "aws-marketplace": "meteringmarketplace",
}


@dataclass(frozen=True)
class Call:
    """One request, according to its headers and form. `service` is the signing name, empty when unsigned."""

    service: str
    region: str
    action: str
    access_key_id: str
    from_load_balancer: bool = False
    """Made by the load balancer of the sandbox. On AWS it would not make API calls."""


def identify(environ: dict[str, Any], body: bytes) -> Call:
    """Identify the call of a request. The action comes from X-Amz-Target, the Action field, or method and path."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", "")) or _CREDENTIAL.search(
        "Credential=" + query.get("X-Amz-Credential", [""])[0]
    )
    access_key_id, region, service = match.groups() if match else ("", "", "")
    poller = USER_AGENT in environ.get("HTTP_USER_AGENT", "")
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return Call(service, region, target.rsplit(".", 1)[-1], access_key_id, poller)
    form: dict[str, list[str]] = {}
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    action = (form.get("Action") or query.get("Action") or [""])[0]
    return Call(service, region, action or _rest_action(service, environ), access_key_id, poller)


def _rest_action(service: str, environ: dict[str, Any]) -> str:
    unknown = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"
    if not service:
        return unknown
    try:
        operation, _ = get_service_router(model_name(service)).match(Request(dict(environ, **{"wsgi.input": None})))
    except (HTTPException, NotFound, UnknownServiceError, NotImplementedError, ValueError):
        return unknown
    return str(operation.name)


def model_name(service: str) -> str:
    """Return botocore's service name for a signing name."""
    return _MODEL_NAMES.get(service, service)


@functools.cache
def protocol(service: str) -> str:
    """Return the wire protocol of a service: ec2, query, json, rest-json, rest-xml; json if unknown."""
    try:
        return str(get_service_model(model_name(service)).protocol)
    except UnknownServiceError:
        return "json"


@dataclass(frozen=True)
class Response:
    """A WSGI response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def status_line(self) -> str:
        return f"{self.status} {'OK' if self.status < 400 else 'Error'}"


def json_response(payload: Any, status: int = 200) -> Response:
    """Build a JSON response of the sandbox's own pages."""
    return Response(status, [("Content-Type", "application/json")], json.dumps(payload).encode())


def error_response(service: str, status: int, code: str, message: str, **fields: str | list[str]) -> Response:
    """Build an error in the protocol of the service. `fields` are other members of the error shape (JSON only)."""
    request_id = str(uuid.uuid4())
    headers = [("x-amzn-RequestId", request_id)]
    kind = protocol(service)
    if kind in ("json", "rest-json"):
        payload = {"__type": code, "message": message, **fields}
        headers += [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
        return Response(status, headers, json.dumps(payload).encode())
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if kind == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    elif service == "s3":
        text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
    else:
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{request_id}</RequestId>"
            "</ErrorResponse>"
        )
    return Response(status, [*headers, ("Content-Type", "text/xml")], f"<?xml version='1.0'?>{text}".encode())


def unknown_key_response(service: str) -> Response:
    """Build the error of AWS for an unknown access key."""
    kind = protocol(service)
    if kind == "ec2":
        return error_response(
            service, 401, "AuthFailure", "AWS was not able to validate the provided access credentials"
        )
    if service == "s3":
        return error_response(
            service,
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
    code = "UnrecognizedClientException" if kind in ("json", "rest-json") else "InvalidClientTokenId"
    return error_response(service, 403, code, "The security token included in the request is invalid.")


def unsigned_response(service: str) -> Response:
    """Build the error of AWS for a request without a signature."""
    return error_response(
        service or "sts", 403, "MissingAuthenticationToken", "Request is missing Authentication Token"
    )
