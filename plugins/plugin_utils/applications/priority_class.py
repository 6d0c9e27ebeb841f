# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PriorityClasses. They belong to the cluster, so they carry no label of one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Manifest
from .kinds import KINDS
from .metadata import MANAGED_BY, MANAGED_BY_LABEL


def priority_class(values: Mapping[str, Any]) -> Manifest:
    """One entry of flask_app_priority_classes, converted by its spec."""
    return {
        "apiVersion": KINDS["PriorityClass"].api_version,
        "kind": "PriorityClass",
        "metadata": {"name": values["name"], "labels": {MANAGED_BY_LABEL: MANAGED_BY}},
        "value": values["value"],
        "globalDefault": values["global_default"],
        "preemptionPolicy": values["preemption_policy"],
        "description": values["description"],
    }
