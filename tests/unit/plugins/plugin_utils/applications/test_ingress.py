"""The Ingress of an application and the annotations of the load balancer controller."""

from __future__ import annotations

from typing import Any

import pytest
from application_cases import API, WORKER, at, find, render

ALB = {
    "scheme": "internet-facing",
    "target-type": "ip",
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "ssl-redirect": "443",
    "certificate-arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
    "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "healthcheck-path": "/status",
    "healthcheck-interval-seconds": "5",
    "group.name": "flask-dev",
    "target-group-attributes": "deregistration_delay.timeout_seconds=30",
    "load-balancer-attributes": "idle_timeout.timeout_seconds=60",
    "security-groups": "sg-1",
    "manage-backend-security-group-rules": "true",
    "subnets": "subnet-1,subnet-2",
    "tags": "a=1,b=2",
}
EXTERNAL_DNS = "external-dns.kubernetes.io/hostname"


def test_rules() -> None:
    ingress = find(render(), "Ingress")
    assert ingress["metadata"]["name"] == "api"
    assert at(ingress, "spec/ingressClassName") == "alb"
    assert at(ingress, "spec/tls") == [{"hosts": ["api.example.com"]}]
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "api.example.com"
    backend = {"service": {"name": "api", "port": {"name": "http"}}}
    assert rule["http"]["paths"] == [{"path": "/", "pathType": "Prefix", "backend": backend}]


@pytest.mark.parametrize("name", ALB)
def test_load_balancer_annotation(name: str) -> None:
    assert find(render(), "Ingress")["metadata"]["annotations"][f"alb.ingress.kubernetes.io/{name}"] == ALB[name]


@pytest.mark.parametrize(
    ("ingress", "absent"),
    [
        ({"certificate_arn": ""}, "alb.ingress.kubernetes.io/ssl-redirect"),
        ({"security_group_ids": []}, "alb.ingress.kubernetes.io/manage-backend-security-group-rules"),
        ({"subnet_ids": []}, "alb.ingress.kubernetes.io/subnets"),
        ({}, EXTERNAL_DNS),
    ],
    ids=["no certificate", "no security groups", "no subnets", "no ExternalDNS"],
)
def test_annotation_only_where_it_has_a_meaning(ingress: dict[str, Any], absent: str) -> None:
    assert absent not in find(render(ingress=ingress), "Ingress")["metadata"]["annotations"]


def test_external_dns_and_own_annotations() -> None:
    own = {**API, "ingress": {**API["ingress"], "annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}}
    made = find(render(own, inventory={"ingress": {"external_dns": True}}), "Ingress")["metadata"]["annotations"]
    assert made[EXTERNAL_DNS] == "api.example.com"
    assert made["alb.ingress.kubernetes.io/scheme"] == "internal"


def test_another_class_has_the_own_annotations_only() -> None:
    own = {**API, "ingress": {**API["ingress"], "annotations": {"nginx.org/keepalive": 32}}}
    made = find(render(own, inventory={"ingress": {"class_name": "nginx"}}), "Ingress")
    assert made["metadata"]["annotations"] == {"nginx.org/keepalive": "32"}


def test_a_worker_cannot_be_reached() -> None:
    kinds = {item["kind"] for item in render(API, WORKER) if item["metadata"]["name"] == "worker"}
    assert not kinds & {"Service", "Ingress"}
