"""The filter that puts the plan's placeholder in the place of an empty value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter.placeholders import or_unknown


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", "(known after apply)"), (None, "(known after apply)"), ("vpc-1", "vpc-1"), (0, 0), (5432, 5432)],
)
def test_only_an_empty_value_becomes_the_placeholder(value: Any, expected: Any) -> None:
    assert or_unknown(value) == expected
