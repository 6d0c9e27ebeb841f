# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owner of the DNS records of a host: this environment's current or former load balancer, or another owner."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.ownership import tagged_with

# Types that resolve to an address; others (TXT, MX, CAA, ...) may exist beside an A record.
LEADING = frozenset({"A", "AAAA", "CNAME"})
# Tags of the AWS Load Balancer Controller that identify the owner of a load balancer.
CLUSTER_TAG, GROUP_TAG = "elbv2.k8s.aws/cluster", "ingress.k8s.aws/stack"
SCHEMES = ("internet-facing", "internal")
REPLACEABLE = " (flask_app_replace_records: true replaces it)"


def foreign_records(
    records: Iterable[Mapping[str, Any]],
    hosts: Iterable[str],
    tags: Mapping[str, str],
    region: str,
    load_balancers: Iterable[Mapping[str, Any]],
    replace: bool = False,
) -> list[str]:
    """Return the records of these hosts that do not point to this environment's load balancer, one text each.

    Args:
        records: Record sets of the zone (resource_record_sets of amazon.aws.route53_info).
        hosts: Hosts of the applications.
        tags: Tags that the controller sets on the load balancer: cluster and Ingress group.
        region: Region of the load balancer.
        load_balancers: All existing load balancers with their tags (amazon.aws.elb_application_lb_info).
        replace: Accept records that our alias record would replace.
    """
    ours = _ours(tags, region, load_balancers)
    return [
        f"{host} is {_text(record)}{REPLACEABLE if _replaceable(record) else ''}"
        for host, record in _leading(records, hosts)
        if not ours(record) and not (replace and _replaceable(record))
    ]


def own_aliases(
    records: Iterable[Mapping[str, Any]],
    hosts: Iterable[str],
    tags: Mapping[str, str],
    region: str,
    load_balancers: Iterable[Mapping[str, Any]],
) -> list[dict[str, str]]:
    """Return the alias A records of these hosts for this environment's load balancer: {host, dns_name, zone_id}.

    Args as of `foreign_records`. Names are spelled as in Route 53, which a removal must repeat.
    """
    ours = _ours(tags, region, load_balancers)
    return [
        {
            "host": host,
            "dns_name": record["alias_target"]["dns_name"],
            "zone_id": record["alias_target"]["hosted_zone_id"],
        }
        for host, record in _leading(records, hosts)
        if record["type"] == "A" and ours(record)
    ]


def load_balancer_names(cluster: str, group: str) -> set[str]:
    """Return the names, in lower case, that the AWS Load Balancer Controller gives a load balancer, one per scheme.

    A recreated load balancer has the same name: pkg/ingress/model_build_load_balancer.go, buildLoadBalancerName.
    """
    stem = re.sub(r"[^0-9A-Za-z]", "", group)[:17]
    digests = (hashlib.sha256(f"{cluster}{group}{scheme}".encode()).hexdigest()[:10] for scheme in SCHEMES)
    return {f"k8s-{stem}-{digest}".lower() for digest in digests}


def _ours(
    tags: Mapping[str, str], region: str, load_balancers: Iterable[Mapping[str, Any]]
) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a record points to a load balancer with the tags, or to a former one with its name."""
    living = {_plain(item["dns_name"]) for item in tagged_with(load_balancers, tags)}
    names = "|".join(map(re.escape, sorted(load_balancer_names(tags[CLUSTER_TAG], tags[GROUP_TAG]))))
    # <name>-<number>.<region>.elb.amazonaws.com; a recreated load balancer differs only in the number.
    former = re.compile(rf"(internal-)?({names})-[0-9]+\.{re.escape(region)}\.elb\.amazonaws\.com(\.cn)?")

    def check(record: Mapping[str, Any]) -> bool:
        target = _plain((record.get("alias_target") or {}).get("dns_name") or "")
        return target in living or former.fullmatch(target) is not None

    return check


def _leading(records: Iterable[Mapping[str, Any]], hosts: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the address records of the hosts, each with its host."""
    wanted = {host.rstrip(".").lower() for host in hosts}
    for record in records:
        # Route 53 writes the wildcard's asterisk by its octal code.
        host = record["name"].replace("\\052", "*").rstrip(".").lower()
        if host in wanted and record["type"] in LEADING:
            yield host, record


def _replaceable(record: Mapping[str, Any]) -> bool:
    """Whether an alias A record without a routing policy replaces the record.

    Route 53 rejects it beside a CNAME and beside records of the same type with a routing policy (weighted, ...). An
    AAAA record would remain and direct IPv6 clients elsewhere.
    """
    return record["type"] == "A" and not record.get("set_identifier")


def _plain(name: str) -> str:
    """Return the DNS name as in the ELB API. Route 53 adds a final dot, the console the prefix `dualstack.`."""
    return name.lower().rstrip(".").removeprefix("dualstack.")


def _text(record: Mapping[str, Any]) -> str:
    alias = record.get("alias_target")
    values = [alias["dns_name"]] if alias else [item["value"] for item in record.get("resource_records") or []]
    return f"{record['type']} {', '.join(values)}"


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"foreign_records": foreign_records, "own_aliases": own_aliases}
