# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection knows of each AWS module that its roles use: one record per module, one file per service.

The plan, the ownership check, the permission test and the list of objects by tag all read the records.
"""

from __future__ import annotations

import typing as t

from . import acm, ec2, ecr, eks, elasticache, elb, iam, kms, logs, rds, route53, s3, secretsmanager, sns, sts
from .record import Info as Info
from .record import Record as Record

_SERVICES: t.Final = (acm, ec2, ecr, eks, elasticache, elb, iam, kms, logs, rds, route53, s3, secretsmanager, sns, sts)

RECORDS: t.Final[dict[str, Record]] = {
    record.module: record for service in _SERVICES for record in t.cast("tuple[Record, ...]", service.RECORDS)
}
"""Every record by the full name of its module."""


def record(fqcn: str) -> Record:
    """The record of a module. A module without one, which a user's playbook may hold, has no quirks that are known."""
    return RECORDS.get(fqcn) or Record(fqcn)
