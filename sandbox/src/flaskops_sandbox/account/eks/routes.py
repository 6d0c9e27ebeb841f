"""Route requests to operations. Routes, parameters and their validation come from botocore's EKS model."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore import xform_name
from botocore.validate import ParamValidator
from moto.core.parse import RestJSONParser
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import HTTPException

from flaskops_sandbox.account import aws
from flaskops_sandbox.account.eks import access, addons, clusters, identity, nodegroups, tags, updates, versions
from flaskops_sandbox.account.eks.errors import EksError, InvalidParameter, NotImplementedHere
from flaskops_sandbox.account.eks.store import Eks, Record
from flaskops_sandbox.account.principals import Principal

Handler = Callable[[Eks, Record, Principal], Record]
_MODULES = (access, addons, clusters, identity, nodegroups, tags, updates, versions)


def _handler(operation: str) -> Handler:
    name = xform_name(operation)
    for module in _MODULES:
        found = vars(module).get(name)
        if found is not None and found.__module__ == module.__name__:
            handler: Handler = found
            return handler
    raise NotImplementedHere(f"The sandbox's EKS does not have {operation}")


class EksService:
    """Serves the calls of service `eks`; an OwnService of the middleware."""

    def __init__(self, eks: Eks) -> None:
        self.eks = eks
        self._router = get_service_router("eks")

    def __call__(self, environ: dict[str, Any], body: bytes, caller: Principal) -> aws.Response:
        try:
            operation, uri_params = self._router.match(Request(dict(environ, **{"wsgi.input": io.BytesIO(body)})))
        except HTTPException:
            where = f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO')}"
            return aws.error_response("eks", 404, "UnknownOperationException", f"EKS has no operation at {where}")
        try:
            params = self._parameters(operation, environ, uri_params, body)
            handler = _handler(operation.name)
            with self.eks.lock:
                payload = json.dumps(handler(self.eks, params, caller))
        except EksError as error:
            return aws.error_response("eks", error.status, error.code, error.message, **error.fields)
        headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", str(uuid.uuid4()))]
        return aws.Response(200, headers, payload.encode())

    def _parameters(self, operation: Any, environ: dict[str, Any], uri_params: Record, body: bytes) -> Record:
        request = Request(dict(environ, **{"wsgi.input": io.BytesIO(body)}))
        try:
            parsed = RestJSONParser(operation).parse({
                "method": request.method,
                "values": request.args,
                "headers": request.headers,
                "body": body or b"{}",
                "url_path": request.path,
                "url_params": uri_params,
            })  # fmt: skip
        except ValueError as error:
            raise InvalidParameter(f"The request could not be read: {error}") from error
        shape = operation.input_shape
        # A missing list in the query string is parsed as an empty one; drop it.
        params: Record = {key: value for key, value in parsed.items() if value not in (None, [])}
        params |= {key: [] for key in json.loads(body or b"{}") if params.get(key) is None and parsed.get(key) == []}
        if shape is None:
            return {}
        report = ParamValidator().validate(params, shape)
        if report.has_errors():
            raise InvalidParameter(report.generate_report())
        problems = list(_enum_problems(shape, params, ""))
        if problems:
            raise InvalidParameter("; ".join(problems))
        return params


def _enum_problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Yield values outside of the model's enumerations, which botocore's validator does not check."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                yield from _enum_problems(member, value[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        for item in value:
            yield from _enum_problems(shape.member, item, path)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {', '.join(shape.enum)}"
