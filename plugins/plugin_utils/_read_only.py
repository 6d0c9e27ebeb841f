# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A check run that cannot change AWS, whatever a module does.

A module's check mode is a promise of its author. Some break it (``cloudwatchlogs_log_group`` sets the retention of a
group that is there), so no call of a check run reaches AWS unless its operation only reads.
"""

from __future__ import annotations

import contextlib
import re
import typing as t

_READS = re.compile(
    r"(BatchDescribe|BatchGet|Check|Decode|Describe|Discover|Estimate|Get|Head|List|Lookup|Preview|Query|Scan|Search"
    r"|Select|Simulate|TestDNSAnswer|TestMetricFilter|Validate|AssumeRole)"
)
_CREATES = re.compile(r"(Allocate|Create|Import|Register|Request|Run)")


class WouldWrite(BaseException):
    """The module was about to change something. Not an Exception, so that no module catches it."""

    def __init__(self, operation: str) -> None:
        super().__init__(operation)
        self.operation = operation


def reads(operation: str) -> bool:
    """Whether an operation of AWS's API, by its name, changes nothing."""
    return bool(_READS.match(operation))


def creates(operation: str) -> bool:
    """Whether an operation makes an object."""
    return bool(_CREATES.match(operation))


@contextlib.contextmanager
def guard() -> t.Iterator[None]:
    """Let AWS clients read only; anything else raises WouldWrite."""
    # Here and not above: a run without an AWS module need not import it.
    from botocore.client import BaseClient

    call = BaseClient._make_api_call

    def guarded(client: t.Any, operation_name: str, api_params: dict[str, t.Any]) -> t.Any:
        if not reads(operation_name) and not api_params.get("DryRun"):
            raise WouldWrite(operation_name)
        return call(client, operation_name, api_params)

    BaseClient._make_api_call = guarded
    try:
        yield
    finally:
        BaseClient._make_api_call = call
