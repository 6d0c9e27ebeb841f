# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hide values that look like secrets in plans and differences."""

from __future__ import annotations

import re
import typing as t

HIDDEN: t.Final = "********"

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|secret(_?(string|key|value|binary))?$|secret_?access_?key$|token$|private_?key|api_?key"
    r"|credentials?$",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
"""User and password inside of a URL."""


def is_secret(key: t.Any) -> bool:
    """Whether a key sounds as if its value were a secret."""
    return bool(_SECRET_KEY.search(str(key)))


def redact(value: t.Any, kind: str = "") -> t.Any:
    """A copy fit to be shown. Of a Kubernetes object of the kind Secret all values of its data are hidden."""
    if isinstance(value, dict):
        # An environment variable of a container, or an AWS parameter: what its name says counts for its value.
        named = "value" in value and is_secret(value.get("name"))
        return {key: HIDDEN if named and key == "value" else _inside(key, item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return _USERINFO.sub(HIDDEN, value)
    return value


def _inside(key: t.Any, value: t.Any, kind: str) -> t.Any:
    if kind == "Secret" and key in ("data", "stringData"):
        return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN
    # A truth value is a switch (automountServiceAccountToken); of a structure each key is looked at.
    if is_secret(key) and isinstance(value, (str, int, float, list)) and not isinstance(value, bool):
        return HIDDEN
    return redact(value)
