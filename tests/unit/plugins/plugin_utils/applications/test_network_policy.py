"""The NetworkPolicy of an application's pods."""

from __future__ import annotations

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.errors import ApplicationError
from application_cases import API, UNKNOWN, WORKER, at, find, render

TCP = {"protocol": "TCP"}


def test_default() -> None:
    spec = find(render(), "NetworkPolicy", "api")["spec"]
    assert spec["podSelector"] == {
        "matchLabels": {"app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "api"}
    }
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    clients, metrics = spec["ingress"]
    assert clients == {"from": [{"ipBlock": {"cidr": "10.0.0.0/16"}}], "ports": [{"port": 3000, **TCP}]}
    assert metrics["ports"] == [{"port": 9090, **TCP}]
    dns, stores = spec["egress"]
    assert dns["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, **TCP}]
    assert stores == {
        "to": [{"ipBlock": {"cidr": "10.0.0.0/16"}}],
        "ports": [{"port": 5432, **TCP}, {"port": 6379, **TCP}],
    }


def test_clients_and_destinations_of_one_application() -> None:
    own = {"client_cidrs": ["10.9.0.0/16"], "egress": [{"cidr": "10.1.0.0/16", "ports": [443, 8443]}]}
    policy = find(render({**API, "network_policy": own}), "NetworkPolicy", "api")
    assert at(policy, "spec/ingress/0/from/1") == {"ipBlock": {"cidr": "10.9.0.0/16"}}
    assert at(policy, "spec/egress/2") == {
        "to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}],
        "ports": [{"port": 443, **TCP}, {"port": 8443, **TCP}],
    }


def test_a_worker_has_no_clients() -> None:
    allowed = find(render(API, WORKER), "NetworkPolicy", "worker")["spec"]["ingress"]
    assert [port["port"] for rule in allowed for port in rule["ports"]] == [9090]


def test_none_when_it_is_disabled() -> None:
    manifests = render({**API, "network_policy": {"enabled": False}})
    assert [item["metadata"]["name"] for item in manifests if item["kind"] == "NetworkPolicy"] == ["migrate"]


def test_ports_of_data_stores() -> None:
    policy = find(render(data_ports=[UNKNOWN]), "NetworkPolicy", "api")
    assert at(policy, "spec/egress/1/ports") == [{"port": UNKNOWN, **TCP}]
    with pytest.raises(ApplicationError, match="must be a number, not 'postgres'"):
        render(data_ports=["postgres"])
