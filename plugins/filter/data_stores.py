# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters between the data stores that are wanted and those that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def running_version(wanted: str, found: str) -> str:
    """The engine version to ask for: the running one as long as it is a release of the wanted one.

    RDS reports the full version (16.4) where 16 was asked for, and moves on by itself between minor versions; asking
    for 16 again would be a modification each time. https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/
    under ModifyDBInstance, EngineVersion.
    """
    return found if found == wanted or found.startswith(f"{wanted}.") else wanted


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"running_version": running_version}
