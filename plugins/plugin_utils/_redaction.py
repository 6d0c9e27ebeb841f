"""Hides what sounds like a secret in what is shown or written: plans and differences."""

from __future__ import annotations

import re
import typing as t

HIDDEN: t.Final = "********"

_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)?$|secret(_?(string|key|value|binary))?$|token$|private_?key|api_?key", re.IGNORECASE
)


def is_secret(key: t.Any) -> bool:
    """Whether a key sounds as if its value were a secret."""
    return bool(_SECRET_KEY.search(str(key)))


def redact(value: t.Any, kind: str = "") -> t.Any:
    """A copy fit to be shown. Of a Kubernetes object of the kind Secret all values of its data are hidden."""
    if isinstance(value, dict):
        return {key: _inside(key, item, kind) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def _inside(key: t.Any, value: t.Any, kind: str) -> t.Any:
    if kind == "Secret" and key in ("data", "stringData"):
        return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN
    if is_secret(key) and isinstance(value, str):
        return HIDDEN
    return redact(value)
