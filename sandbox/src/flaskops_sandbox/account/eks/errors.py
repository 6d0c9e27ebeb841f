"""Errors of the EKS API, with the HTTP status that botocore's model gives each."""

from __future__ import annotations


class EksError(Exception):
    """An error answer. `fields` are the error shape's other members (clusterName, nodegroupName, ...)."""

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
    """Of the tagging calls, which name things otherwise than the rest of the API."""

    status = 404
    code = "NotFoundException"


class NotImplementedHere(EksError):
    """An operation of EKS that the sandbox does not have. 501, which no SDK retries."""

    status = 501
    code = "NotImplemented"
