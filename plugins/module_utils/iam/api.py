# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Call IAM."""

from __future__ import annotations

from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi


class IamApi(AwsApi):
    """IAM. https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html"""

    missing_codes = frozenset({"NoSuchEntity"})
    conflict_codes = frozenset({"EntityAlreadyExists", "ConcurrentModification"})

    @classmethod
    def connect(cls, module: Any, service: str = "iam") -> AwsApi:
        return super().connect(module, service)
