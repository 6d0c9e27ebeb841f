# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of hosted zones: owner of a zone and removable records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import same_identity
from ansible_collections.flaskops.eks.plugins.plugin_utils.ownership import whole_identity

# Types that amazon.aws.route53 supports. NS and SOA records of the zone are removed with the zone.
REMOVABLE_TYPES = frozenset({"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SPF", "SRV", "TXT"})


def zone_belongs_to(described: Mapping[str, Any], own: Mapping[str, str]) -> bool:
    """Whether a hosted zone has the identity tags in `own`.

    Args:
        described: Result of amazon.aws.route53_info with hosted_zone_method tags.
        own: The tags of this environment's zone, all identity tags among them.

    Returns:
        True if the zone belongs to that environment.

    Raises:
        AnsibleFilterError: An identity tag is missing in `own`.
    """
    wanted = whole_identity(own)
    for tag_set in described.get("resource_tag_sets") or described.get("ResourceTagSets") or []:
        tags = {
            str(tag.get("key", tag.get("Key"))): tag.get("value", tag.get("Value"))
            for tag in tag_set.get("tags", tag_set.get("Tags")) or []
        }
        if same_identity(wanted, tags):
            return True
    return False


def foreign_zones(results: Sequence[Mapping[str, Any]], own: Mapping[str, str], comment: str) -> list[str]:
    """Return the ids of zones that belong to another owner.

    An untagged zone with our comment is ours: its run was interrupted before it set the tags.

    Args:
        results: Results of amazon.aws.route53_info with hosted_zone_method tags in a loop over zones.
        own: The tags of this environment's zone, all identity tags among them.
        comment: The unique comment of this environment's zone.
    """
    foreign = []
    for result in results:
        zone = result["item"]
        tag_sets = result.get("resource_tag_sets") or result.get("ResourceTagSets") or []
        tagged = any(tag_set.get("tags", tag_set.get("Tags")) for tag_set in tag_sets)
        unfinished = not tagged and (zone.get("config") or {}).get("comment") == comment
        if not unfinished and not zone_belongs_to(result, own):
            foreign.append(str(zone["id"]).rsplit("/", 1)[-1])
    return foreign


def removable_records(records: Sequence[Mapping[str, Any]], zone: str) -> list[dict[str, Any]]:
    """Return the records of a zone as options of amazon.aws.route53.

    Args:
        records: Record sets as described by amazon.aws.route53_info.
        zone: The zone's name without its final dot.

    Returns:
        Record, type and value of each, with ttl or alias zone, without NS and SOA records of the zone.
    """
    result: list[dict[str, Any]] = []
    for entry in records:
        name = str(entry["name"])
        apex = name.rstrip(".") == zone
        if entry["type"] not in REMOVABLE_TYPES or (apex and entry["type"] == "NS"):
            continue
        option: dict[str, Any] = {"record": name, "type": entry["type"]}
        alias = entry.get("alias_target")
        if alias:
            option |= {"alias": True, "alias_hosted_zone_id": alias["hosted_zone_id"], "value": [alias["dns_name"]]}
        else:
            option |= {"ttl": entry["ttl"], "value": [value["value"] for value in entry["resource_records"]]}
        result.append(option)
    return result


class FilterModule:
    """Filters of hosted zones."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "foreign_zones": foreign_zones,
            "removable_records": removable_records,
            "zone_belongs_to": zone_belongs_to,
        }
