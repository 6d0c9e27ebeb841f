"""Blocks that are reserved for documentation are rejected."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.cidr_blocks import documentation_problems


@pytest.mark.parametrize(
    "cidr", ["192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/24", "203.0.113.128/25", "2001:db8:1::/48"]
)
def test_blocks_reserved_for_documentation_are_rejected_by_name(cidr: str) -> None:
    (problem,) = documentation_problems("eks_public_access_cidrs", ["10.20.0.0/16", cidr])
    assert problem.startswith(f"eks_public_access_cidrs: {cidr} is reserved for documentation (RFC ")


def test_real_and_invalid_blocks_are_accepted() -> None:
    real = ["0.0.0.0/0", "203.0.0.0/8", "203.0.112.0/23", "192.0.3.0/24", "::/0", "2001:db9::/32", "no block"]
    assert documentation_problems("eks_public_access_cidrs", real) == []
