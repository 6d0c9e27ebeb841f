"""Filters of Ingresses, load balancers, DNS records and workloads."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter import load_balancers, workloads

NAME = "k8s-flaskdev-1234567890-1.eu-west-1.elb.amazonaws.com"
WANTED = [{"metadata": {"name": "api"}, "spec": {"rules": [{"host": "a.example.com"}, {"host": "b.example.com"}]}}]
FOUND = [{"metadata": {"name": "api"}, "status": {"loadBalancer": {"ingress": [{"hostname": NAME}]}}}]
BALANCER = {"dns_name": NAME.upper(), "canonical_hosted_zone_id": "Z32O12XQLNTSW2"}


def test_one_record_for_each_host() -> None:
    assert load_balancers.alias_records(WANTED, FOUND, [BALANCER]) == [
        {"host": "a.example.com", "dns_name": NAME, "zone_id": "Z32O12XQLNTSW2"},
        {"host": "b.example.com", "dns_name": NAME, "zone_id": "Z32O12XQLNTSW2"},
    ]


@pytest.mark.parametrize("found", [[], [{"metadata": {"name": "api"}, "status": {"loadBalancer": {}}}]])
def test_missing_load_balancer_is_planned(found: list[dict[str, Any]]) -> None:
    records = load_balancers.alias_records(WANTED, found, [BALANCER])
    assert {record["dns_name"] for record in records} == {"(known after apply)"}
    assert {record["zone_id"] for record in records} == {"(known after apply)"}
    assert load_balancers.unnamed_ingresses(found, WANTED) == ["api"]


def test_unnamed_ingresses() -> None:
    assert load_balancers.unnamed_ingresses(FOUND, WANTED) == []


def test_data_for_charts_and_manifests() -> None:
    assert workloads.workloads(["api"]) == [{"kind": "Deployment", "name": "api"}]
    assert workloads.base64_values({"A": "b"}) == {"A": "Yg=="}
    assert workloads.secret_environment(["A"], "s") == [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "A"}}}
    ]


@pytest.mark.parametrize(
    ("annotations", "shares"),
    [
        ({"alb.ingress.kubernetes.io/group.name": "flask"}, True),
        ({"alb.ingress.kubernetes.io/group.name": "other"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_ingress_shares_the_load_balancer_of_its_group_only(annotations, shares):
    ingress = {"metadata": {"name": "web", "namespace": "a", "annotations": annotations}}
    assert load_balancers.sharing_group([ingress], "flask") == (["a/web"] if shares else [])
