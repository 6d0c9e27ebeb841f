# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failure or a skip means in check mode, by the record of the module.

"Not found" is planned only when the missing object is one that the same run plans to create; anything else that is not
found is a genuine error of the inputs and stays one.
"""

from __future__ import annotations

import re
import typing as t

from .records import Record

NO_SUPPORT: t.Final = re.compile(
    r"does not support check mode|would have run if not in check mode|check mode not \(yet\) supported"
)
"""What modules say that a check run skips: any module without check mode, ``command`` and ``shell``, ``fetch``."""

_planned: set[tuple[str, str]] = set()
"""Module and string input of all that this run plans to create. Filled in the controller, inherited by later forks."""


def remember_planned(short_name: str, values: t.Mapping[str, t.Any]) -> None:
    """Note an object that the run plans to create, by every short text among its inputs. Called in the controller."""
    for value in values.values():
        if isinstance(value, str) and 0 < len(value) < 256:
            _planned.add((short_name, _normal(value)))


def parent_is_planned(record: Record, message: str, values: t.Mapping[str, t.Any]) -> str | None:
    """Why a failure counts as planned, or None when it is a genuine one."""
    if record.absence is not None and record.absence.search(message):
        return "it does not exist"
    for parent in record.parents:
        name = values.get(parent.option)
        if parent.message.search(message) and isinstance(name, str) and (parent.module, _normal(name)) in _planned:
            return f"{parent.module} {name} does not exist yet"
    return None


def _normal(name: str) -> str:
    # Route 53 writes a zone's name with the final dot, people without.
    return name.rstrip(".")
