# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters about certificates."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any

SECONDS_A_DAY = 86400


def days_until(not_after: str, now: float | None = None) -> int:
    """Return the whole days until a certificate expires, negative after it has expired.

    `not_after` reads as Python's `ssl` writes it ("Dec 23 13:48:05 2027 GMT"); `now` is in seconds since 1970.
    Raises ValueError for any other form.
    """
    current = time.time() if now is None else now
    return int((ssl.cert_time_to_seconds(not_after) - current) // SECONDS_A_DAY)


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"days_until": days_until}
