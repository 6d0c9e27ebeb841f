"""Remaining validity of a certificate."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.flaskops.eks.plugins.filter.certificates import days_until

END = "Dec 23 13:48:05 2027 GMT"
SECONDS = ssl.cert_time_to_seconds(END)


@pytest.mark.parametrize(("before", "days"), [(86400, 1), (86399, 0), (0, 0), (-1, -1), (30 * 86400 + 5, 30)])
def test_whole_days_are_counted(before, days):
    assert days_until(END, now=SECONDS - before) == days


def test_invalid_format_is_rejected():
    with pytest.raises(ValueError, match="2027"):
        days_until("2027-12-23")
