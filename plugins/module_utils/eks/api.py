# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API of EKS."""

from __future__ import annotations

from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi


class EksApi(AwsApi):
    """EKS. https://docs.aws.amazon.com/eks/latest/APIReference/Welcome.html"""

    @classmethod
    def connect(cls, module: Any, service: str = "eks") -> AwsApi:
        return super().connect(module, service)

    def takes_token(self, operation: str) -> bool:
        return operation.startswith(("create_", "update_", "associate_encryption_config"))
