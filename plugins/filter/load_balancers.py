# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of Ingresses, their load balancers and DNS records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


def unnamed_ingresses(found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the names of wanted Ingresses that have no load balancer in their status yet."""
    named = {name for name, host in _addresses(found).items() if host}
    return [str(item["metadata"]["name"]) for item in wanted if item["metadata"]["name"] not in named]


def alias_records(
    wanted: Sequence[Mapping[str, Any]],
    found: Iterable[Mapping[str, Any]],
    load_balancers: Iterable[Mapping[str, Any]],
) -> list[dict[str, str]]:
    """Return one alias record per host of the wanted Ingresses: {host, dns_name, zone_id}.

    `found`: the Ingresses in the cluster. `load_balancers`: the result of elb_application_lb_info. Values that do not
    exist yet are `(known after apply)`.
    """
    addresses = _addresses(found)
    zones = {str(item["dns_name"]).lower(): str(item["canonical_hosted_zone_id"]) for item in load_balancers}
    records = []
    for ingress in wanted:
        address = addresses.get(str(ingress["metadata"]["name"])) or UNKNOWN
        zone = zones.get(address.lower(), UNKNOWN)
        for rule in ingress["spec"]["rules"]:
            records.append({"host": str(rule["host"]), "dns_name": address, "zone_id": zone})
    return records


def sharing_group(ingresses: Iterable[Mapping[str, Any]], group: str) -> list[str]:
    """Return the names (namespace/name) of the Ingresses that share the load balancer of this group.

    The annotation belongs to the AWS Load Balancer Controller: https://kubernetes-sigs.github.io/aws-load-balancer-controller/
    under Ingress annotations, IngressGroup.
    """
    return [
        f"{item['metadata'].get('namespace', 'default')}/{item['metadata']['name']}"
        for item in ingresses
        if (item["metadata"].get("annotations") or {}).get("alb.ingress.kubernetes.io/group.name") == group
    ]


def _addresses(ingresses: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the load balancer host name of each Ingress, empty while its status has none."""
    made = {}
    for item in ingresses:
        entries = ((item.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
        made[str(item["metadata"]["name"])] = str(entries[0].get("hostname") or "")
    return made


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "alias_records": alias_records,
            "sharing_group": sharing_group,
            "unnamed_ingresses": unnamed_ingresses,
        }
