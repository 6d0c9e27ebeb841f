# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thin wrapper over one boto3 client: retries, client tokens, snake_case answers, two kinds of expected error."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

try:
    from botocore.exceptions import ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before any of this runs
    ClientError = OSError

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.botocore import normalize_boto3_result
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict

# Keys with values chosen by the user, which must not be rewritten.
OPAQUE = ("tags", "labels")

# Beyond what AWSRetry knows. All of them say that nothing was done, or the call carries a token.
RETRIED = ("ThrottlingException", "ServiceUnavailableException", "ServerException", "RequestThrottled")

# IAM is eventually consistent: for some seconds EKS does not see a role that was just made, or its policies.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
IAM_NOT_YET = re.compile(
    r"invalid principal|could not be assumed|trusted entity is not correct|role .*does not exist|"
    r"doesn't have the Amazon EKS Managed Policies|were not found in the trust relationships|trust policy",
    re.IGNORECASE | re.DOTALL,
)
IAM_PATIENCE = 40.0  # seconds
IAM_PAUSE = 2.0


def snake(answer: dict[str, Any]) -> dict[str, Any]:
    """A boto3 answer in snake_case, times as ISO 8601 text, tags and labels untouched."""
    snaked: dict[str, Any] = camel_dict_to_snake_dict(normalize_boto3_result(answer), ignore_list=OPAQUE)
    return snaked


class AwsApi:
    """One service's client. Fakes of the tests implement describe, listing and change."""

    missing_codes: frozenset[str] = frozenset({"ResourceNotFoundException"})
    conflict_codes: frozenset[str] = frozenset({"ResourceInUseException"})

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def connect(cls, module: Any, service: str) -> AwsApi:
        """From an AnsibleAWSModule."""
        retry = AWSRetry.jittered_backoff(retries=10, delay=1, max_delay=30, catch_extra_error_codes=list(RETRIED))
        return cls(module.client(service, retry_decorator=retry))

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._client, operation)(aws_retry=True, **params)
        return answer

    def ask(self, operation: str, **params: Any) -> dict[str, Any] | None:
        """A read in AWS's own names; None when AWS says not found."""
        try:
            return self._call(operation, params)
        except ClientError as error:
            if error.response["Error"]["Code"] in self.missing_codes:
                return None
            raise

    def describe(self, operation: str, result: str, **params: Any) -> Found:
        """One object in snake_case; None when AWS says not found."""
        answer = self.ask(operation, **params)
        return snake(answer[result]) if answer is not None else None

    def listing(self, operation: str, result: str, page_key: str = "nextToken", **params: Any) -> list[Any]:
        """All pages of a list, in AWS's own names; empty when the parent is missing. `page_key` names the next page."""
        items: list[Any] = []
        while True:
            answer = self.ask(operation, **params)
            if answer is None:
                return items
            items.extend(answer.get(result) or [])
            following = answer.get(page_key)
            if not following:
                return items
            params[page_key] = following

    def change(self, operation: str, **params: Any) -> dict[str, Any]:
        """A write. Raises Conflict for "exists" and "busy". What is gone already counts as deleted ({}).

        Creates and updates of EKS take a clientRequestToken: one per call of ours, the same for every retry of it,
        so that a lost reply cannot make a second object.
        """
        if self.takes_token(operation):
            params.setdefault("clientRequestToken", str(uuid.uuid4()))
        give_up = time.monotonic() + IAM_PATIENCE
        while True:
            try:
                return self._call(operation, params)
            except ClientError as error:
                code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
                if code in self.conflict_codes:
                    raise Conflict(message) from error
                if code in self.missing_codes and operation.startswith(("delete_", "disassociate_")):
                    return {}
                if code not in ("InvalidParameterException", "InvalidRequestException"):
                    raise
                if not IAM_NOT_YET.search(message) or time.monotonic() >= give_up:
                    raise
            time.sleep(IAM_PAUSE)

    def takes_token(self, operation: str) -> bool:
        """Whether the operation has a clientRequestToken."""
        return False
