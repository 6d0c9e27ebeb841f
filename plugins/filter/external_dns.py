# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of ExternalDNS: its zone, and the TXT records by which it knows its own records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN

MARK = "heritage=external-dns"
OWNER = "external-dns/owner="


def public_zone_id(listed: Mapping[str, Any], name: str, may_be_missing: bool = False) -> str:
    """The id of the public hosted zone of a name.

    Args:
        listed: Result of amazon.aws.route53_info, hosted zones.
        name: Name of the zone.
        may_be_missing: Whether to return the placeholder for a zone that does not exist, as in a check run.

    Raises:
        AnsibleFilterError: There is no such zone, or more than one.
    """
    wanted = name.rstrip(".").lower()
    found = [
        str(zone["id"]).rpartition("/")[2]
        for zone in listed.get("hosted_zones") or []
        if str(zone["name"]).rstrip(".").lower() == wanted and not (zone.get("config") or {}).get("private_zone")
    ]
    if len(found) == 1:
        return found[0]
    if not found and may_be_missing:
        return UNKNOWN
    problem = "there are several public zones of this name" if found else "there is no public zone of this name"
    raise AnsibleFilterError(f"external_dns_zone_name: {name}: {problem}; create it, or correct the name")


def ownership_records(results: Iterable[Mapping[str, Any]], owner: str) -> list[dict[str, Any]]:
    """The TXT records that mark what one ExternalDNS owns.

    Args:
        results: Results of a loop of amazon.aws.route53_info over zone ids, record sets.
        owner: Its owner id.

    Returns:
        `zone_id`, `name`, `ttl` and `texts` of each, as a removal must repeat them.
    """
    return [
        {
            "zone_id": result["item"],
            "name": str(record["name"]).replace("\\052", "*"),
            "ttl": record.get("ttl"),
            "texts": [item["value"] for item in record["resource_records"]],
        }
        for result in results
        for record in result.get("resource_record_sets") or []
        if record["type"] == "TXT" and any(_marks(item["value"], owner) for item in record["resource_records"])
    ]


def unmarked_aliases(
    aliases: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]], owner: str, resource: str
) -> list[dict[str, str]]:
    """The TXT records by which ExternalDNS takes over existing alias records instead of leaving them alone.

    Args:
        aliases: Alias A records with their `host`.
        records: All record sets of the zone.
        owner: Owner id of the ExternalDNS that takes over.
        resource: What it takes the hosts from, `ingress/<namespace>/<name>`. It corrects this at its next run.

    Returns:
        `name` and `text` for each alias that has no mark of any owner yet.
    """
    marked = {
        str(record["name"]).replace("\\052", "*").rstrip(".").lower()
        for record in records
        if record["type"] == "TXT" and any(MARK in item["value"] for item in record["resource_records"])
    }
    return [
        {"name": f"a-{alias['host']}", "text": f'"{MARK},{OWNER}{owner},external-dns/resource={resource}"'}
        for alias in aliases
        if f"a-{alias['host']}".lower() not in marked
    ]


def _marks(value: str, owner: str) -> bool:
    """Whether a TXT value is the mark of that owner: `"heritage=external-dns,external-dns/owner=<id>,..."`."""
    parts = value.strip('"').split(",")
    return MARK in parts and f"{OWNER}{owner}" in parts


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "ownership_records": ownership_records,
            "public_zone_id": public_zone_id,
            "unmarked_aliases": unmarked_aliases,
        }
