"""Errors of the EKS API, with the HTTP status from botocore's model."""

from __future__ import annotations


class EksError(Exception):
    """An error response. `fields` are other members of the error shape (clusterName, nodegroupName, ...)."""

    status = 500
    code = "ServerException"

    def __init__(self, message: str, **fields: str) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class ResourceNotFound(EksError):
    status = 404
    code = "ResourceNotFoundException"


class ResourceInUse(EksError):
    status = 409
    code = "ResourceInUseException"


class InvalidParameter(EksError):
    status = 400
    code = "InvalidParameterException"


class InvalidRequest(EksError):
    status = 400
    code = "InvalidRequestException"


class NotFound(EksError):
    """The not-found error of the tagging operations."""

    status = 404
    code = "NotFoundException"


class NotImplementedHere(EksError):
    """An EKS operation that is not emulated. SDKs do not retry status 501."""

    status = 501
    code = "NotImplemented"
