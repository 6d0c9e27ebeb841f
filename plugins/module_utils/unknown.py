# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in a plan for a value that AWS decides only when the object is made."""

from __future__ import annotations

from typing import Any

UNKNOWN = "(known after apply)"


def is_unknown(value: Any) -> bool:
    """Whether a text is not known yet, or holds a part that is not."""
    return isinstance(value, str) and UNKNOWN in value
