# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of CIDR blocks."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

DOCUMENTATION_BLOCKS = (
    (ipaddress.ip_network("192.0.2.0/24"), "RFC 5737"),
    (ipaddress.ip_network("198.51.100.0/24"), "RFC 5737"),
    (ipaddress.ip_network("203.0.113.0/24"), "RFC 5737"),
    (ipaddress.ip_network("2001:db8::/32"), "RFC 3849"),
)


def is_cidr(cidr: str) -> bool:
    try:
        ipaddress.ip_network(str(cidr), strict=True)
    except ValueError:
        return False
    return True


def documentation_problems(variable: str, cidrs: Sequence[str]) -> list[str]:
    """Reject address blocks that are reserved for documentation: such a value was left as an example.

    Args:
        variable: Name of the variable that holds the blocks.
        cidrs: CIDR blocks; invalid ones are reported elsewhere.

    Returns:
        One sentence a problem.
    """
    return [
        f"{variable}: {cidr} is reserved for documentation ({standard}); "
        "name the block of the clients that need access, a single address with /32."
        for cidr in filter(is_cidr, cidrs)
        for example, standard in DOCUMENTATION_BLOCKS
        if _is_inside(cidr, example)
    ]


def _is_inside(cidr: str, block: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    network = ipaddress.ip_network(cidr)
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(block, ipaddress.IPv4Network) and network.subnet_of(block)
    return isinstance(block, ipaddress.IPv6Network) and network.subnet_of(block)
