# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Built-in values out of those that templates pass to filters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def plain(value: Any) -> Any:
    """Through JSON: values from the inventory carry tags (origin, trust) and may be shared; it removes both."""
    return json.loads(json.dumps(value, default=_container))


def _container(value: Any) -> Any:
    """Lazy containers of a template are mappings and sequences, only not the built-in ones."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise AnsibleFilterError(f"{type(value).__name__} is no plain value")
