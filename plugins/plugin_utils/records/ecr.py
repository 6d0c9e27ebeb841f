# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of ECR modules."""

from __future__ import annotations

import re
import typing as t

from .record import Info, Record, actions

RECORDS: t.Final = (
    Record(
        "community.aws.ecs_ecr",
        kind="ECR repository",
        actions=actions(
            "ecr",
            "CreateRepository",
            "DeleteRepository",
            "DescribeRepositories",
            "GetLifecyclePolicy",
            "GetRepositoryPolicy",
            "PutImageScanningConfiguration",
            "PutImageTagMutability",
            "PutLifecyclePolicy",
        ),
        info=Info("flaskops.eks.ecr_repository_info", {"names": ["name"]}, "repositories", "repository_name"),
        # The module sets no tags, so its objects are listed by no tag either.
        resource_type="ecr:repository",
        # It goes on with the repository that check mode has not created.
        absence=re.compile(r"could not find repository"),
    ),
    Record("flaskops.eks.ecr_repository_info", actions=actions("ecr", "DescribeRepositories", "ListTagsForResource")),
)
