"""Which engine version is asked for."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.filter.data_stores import running_version


@pytest.mark.parametrize(
    ("wanted", "found", "asked"),
    [
        ("16", "16.4", "16.4"),
        ("16.4", "16.4", "16.4"),
        ("16.4", "16.6", "16.4"),
        ("16", "15.8", "16"),
        ("1", "16.4", "1"),
        ("16", "", "16"),
    ],
)
def test_a_running_release_of_the_wanted_version_is_kept(wanted, found, asked):
    assert running_version(wanted, found) == asked
