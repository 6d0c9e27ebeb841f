"""Forwarded headers, selection of certificates, and owners of ports."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from flaskops_sandbox.alb import headers
from flaskops_sandbox.alb.frontends import claims_by_port
from flaskops_sandbox.alb.model import Listener, LoadBalancer
from flaskops_sandbox.alb.tls import certificate_folder, choose, minimum_version


@pytest.mark.parametrize(
    ("sent", "mode", "expected"),
    [
        ([], "append", "10.0.0.1"),
        (["1.2.3.4"], "append", "1.2.3.4, 10.0.0.1"),
        (["1.2.3.4, 5.6.7.8", "9.9.9.9"], "append", "1.2.3.4, 5.6.7.8, 9.9.9.9, 10.0.0.1"),
        (["1.2.3.4"], "preserve", "1.2.3.4"),
        ([], "preserve", None),
        (["1.2.3.4"], "remove", None),
    ],
)
def test_forwarded_for(sent: list[str], mode: str, expected: str | None) -> None:
    assert headers.forwarded_for(sent, "10.0.0.1", mode) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, "Root=NEW"),
        ("", "Root=NEW"),
        ("Root=1-a-b", "Self=NEW;Root=1-a-b"),
        ("Self=1-x-y;Root=1-a-b;CalledFrom=app", "Self=NEW;Root=1-a-b;CalledFrom=app"),
        ("CalledFrom=app", "Root=NEW;CalledFrom=app"),
    ],
)
def test_trace_header(sent: str | None, expected: str) -> None:
    assert headers.traced(sent, "NEW") == expected


def test_trace_id_has_time_and_96_bits() -> None:
    version, time, random = headers.trace_id(now=0x5759E988).split("-")
    assert (version, time, len(random)) == ("1", "5759e988", 24)


def test_connection_headers_are_removed() -> None:
    received = CIMultiDictProxy(
        CIMultiDict(
            [
                ("Host", "app.example.com"),
                ("Connection", "keep-alive, X-Hop"),
                ("X-Hop", "1"),
                ("Transfer-Encoding", "chunked"),
                ("Expect", "100-continue"),
                ("Accept", "a"),
                ("Accept", "b"),
                ("X-Forwarded-Proto", "lie"),
                ("X-Forwarded-Port", "1"),
            ]
        )
    )
    sent = headers.to_target(received, "10.0.0.1", "https", 443, new_trace_id="T")
    assert sorted(sent.items()) == sorted(
        [
            ("Host", "app.example.com"),
            ("Accept", "a"),
            ("Accept", "b"),
            ("X-Forwarded-For", "10.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "443"),
            ("X-Amzn-Trace-Id", "Root=T"),
        ]
    )


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ("app.example.com", 1),
        ("APP.example.com", 1),
        ("other.example.com", 2),
        ("a.b.example.com", 0),
        ("example.com", 0),
        ("nowhere.net", 0),
        (None, 0),
    ],
)
def test_choose_certificate(asked: str | None, index: int) -> None:
    assert choose([["main.net"], ["app.example.com"], ["*.example.com"]], asked) == index


@pytest.mark.parametrize(
    ("policy", "version"),
    [
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", ssl.TLSVersion.TLSv1_3),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", ssl.TLSVersion.TLSv1_2),
        ("ELBSecurityPolicy-2016-08", ssl.TLSVersion.TLSv1_2),
        ("", ssl.TLSVersion.TLSv1_2),
    ],
)
def test_minimum_version(policy: str, version: ssl.TLSVersion) -> None:
    assert minimum_version(policy) is version


def test_certificate_folder() -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/0f1e"
    assert certificate_folder(Path("/state/certs"), arn) == Path("/state/certs/acm/0f1e")


def balancer(name: str, created: str, *ports: int) -> LoadBalancer:
    listeners = tuple(Listener(f"{name}/{port}", port, "HTTP") for port in ports)
    return LoadBalancer(arn=name, name=name, created=created, listeners=listeners)


def test_the_oldest_load_balancer_gets_a_contested_port_and_keeps_it() -> None:
    old, new = balancer("old", "2026-01-01", 80), balancer("new", "2026-01-02", 80, 443)
    winners, conflicts = claims_by_port([new, old], {})
    assert {port: claim.balancer.name for port, claim in winners.items()} == {80: "old", 443: "new"}
    assert conflicts == [(80, "old", "new")]
    winners, conflicts = claims_by_port([new, old], {80: "new"})
    assert winners[80].balancer.name == "new"
    assert conflicts == [(80, "new", "old")]
    winners, conflicts = claims_by_port([new], {80: "old"})
    assert winners[80].balancer.name == "new" and conflicts == []
