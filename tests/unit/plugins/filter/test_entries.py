"""Entries of inventory lists by their state."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.filter import entries

GROUPS = [{"name": "old", "state": "absent"}, {"name": "general"}, {"name": "spot", "state": "present"}]


@pytest.mark.parametrize(("state", "names"), [("present", ["general", "spot"]), ("absent", ["old"])])
def test_an_entry_without_a_state_is_present(state: str, names: list[str]) -> None:
    assert [group["name"] for group in entries.in_state(GROUPS, state)] == names
