# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Jinja test for values that are known in a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown


def known(value: Any) -> bool:
    """Whether a string, or every string of a list, contains no `(known after apply)`."""
    return not any(map(is_unknown, value if isinstance(value, (list, tuple)) else [value]))


class TestModule:
    """Ansible's entry point."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return the test by its name."""
        return {"known": known}
