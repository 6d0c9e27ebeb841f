# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of STS modules."""

from __future__ import annotations

import typing as t

from .record import Record, actions

RECORDS: t.Final = (Record("amazon.aws.aws_caller_info", actions=actions("sts", "GetCallerIdentity")),)
