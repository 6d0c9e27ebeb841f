# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The NetworkPolicy of an application's pods, in all slots."""

from __future__ import annotations

from typing import Any

from .context import Application, Manifest, number
from .metadata import labels, make_object, selector

DNS = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}


def network_policy(app: Application) -> Manifest:
    """Allows the clients, the scraper of the metrics, DNS, the data stores, and what the application adds."""
    spec = {
        "podSelector": {"matchLabels": selector(app)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _ingress(app),
        "egress": _egress(app),
    }
    return make_object("NetworkPolicy", app.name, app.shared, labels(app), spec=spec)


def _ingress(app: Application) -> list[Manifest]:
    wanted, ports, shared = app.settings["network_policy"], app.settings["ports"], app.shared
    allowed: list[Manifest] = []
    clients = [*shared.client_cidrs, *wanted["client_cidrs"]]
    if ports["http"] and clients and app.settings["service"]["enabled"]:
        allowed.append({"from": [_block(cidr) for cidr in clients], "ports": [_tcp(ports["http"])]})
    if ports["metrics"] and shared.metrics_namespaces:
        names = [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
            for name in shared.metrics_namespaces
        ]
        allowed.append({"from": names, "ports": [_tcp(ports["metrics"])]})
    return allowed


def _egress(app: Application) -> list[Manifest]:
    shared = app.shared
    allowed: list[Manifest] = [{"to": [DNS], "ports": [{"port": 53, "protocol": "UDP"}, _tcp(53)]}]
    if shared.data_cidrs and shared.data_ports:
        data_ports = [_tcp(port) for port in shared.data_ports]
        allowed.append({"to": [_block(cidr) for cidr in shared.data_cidrs], "ports": data_ports})
    for rule in app.settings["network_policy"]["egress"]:
        allowed.append({"to": [_block(rule["cidr"])], "ports": [_tcp(port) for port in rule["ports"]]})
    return allowed


def _block(cidr: str) -> Manifest:
    return {"ipBlock": {"cidr": cidr}}


def _tcp(port: Any) -> Manifest:
    return {"port": number(port, "a port of a network policy"), "protocol": "TCP"}
