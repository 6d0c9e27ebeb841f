# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of Secrets Manager modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_INFO: t.Final = Info("flaskops.eks.secretsmanager_secret_info", {"names": ["name"]}, "secrets", "name")

RECORDS: t.Final = (
    Record(
        "community.aws.secretsmanager_secret",
        kind="secret",
        identity=("name",),
        info=_INFO,
        resource_type="secretsmanager:secret",
        ask_again={"overwrite": False},
    ),
    Record(
        "flaskops.eks.secretsmanager_secret",
        kind="secret",
        actions=actions(
            "secretsmanager",
            "CreateSecret",
            "DeleteSecret",
            "DescribeSecret",
            "GetSecretValue",
            "PutSecretValue",
            "RestoreSecret",
            "TagResource",
            "UntagResource",
            "UpdateSecret",
        ),
        identity=("name",),
        info=_INFO,
        resource_type="secretsmanager:secret",
    ),
    Record("flaskops.eks.secretsmanager_secret_info", actions=actions("secretsmanager", "DescribeSecret")),
)
