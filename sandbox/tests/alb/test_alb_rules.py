"""Rule matching, redirects and weights against the listener rules of AWS's user guide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flaskops_sandbox.alb.model import (
    DEFAULT_PRIORITY,
    Condition,
    FixedResponse,
    Forward,
    Redirect,
    Rule,
    Unsupported,
    parse_action,
    parse_condition,
    parse_listener,
    parse_rule,
)
from flaskops_sandbox.alb.rules import RequestFacts, choose_weighted, condition_holds, first_match, redirect_location

REQUEST = RequestFacts(
    method="GET",
    protocol="http",
    host="app.example.com",
    port=80,
    path="/tasks/7",
    query="version=v1&page=2",
    source_ip="10.1.2.3",
    headers={"user-agent": ["curl/8.1"], "x-slot": ["blue", "Green"]},
)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition("host-header", ("app.example.com",)), True),
        (Condition("host-header", ("APP.example.COM",)), True),
        (Condition("host-header", ("*.example.com",)), True),
        (Condition("host-header", ("other.com", "ap?.example.com")), True),
        (Condition("host-header", ("example.com",)), False),
        (Condition("host-header", ("appXexample.com",)), False),
        (Condition("path-pattern", ("/tasks/*",)), True),
        (Condition("path-pattern", ("/tasks/?",)), True),
        (Condition("path-pattern", ("/tasks/??",)), False),
        (Condition("path-pattern", ("/TASKS/*",)), False),
        (Condition("path-pattern", ("/tasks",)), False),
        (Condition("http-header", ("curl/*",), header="User-Agent"), True),
        (Condition("http-header", ("green",), header="X-Slot"), True),
        (Condition("http-header", ("red",), header="X-Slot"), False),
        (Condition("http-header", ("*",), header="X-Absent"), False),
        (Condition("http-request-method", ("POST", "GET")), True),
        (Condition("http-request-method", ("get",)), False),
        (Condition("query-string", pairs=(("version", "V1"),)), True),
        (Condition("query-string", pairs=((None, "2"),)), True),
        (Condition("query-string", pairs=(("page", "v1"),)), False),
        (Condition("query-string", pairs=(("ver*", "v?"),)), True),
        (Condition("source-ip", ("192.168.0.0/16", "10.1.0.0/16")), True),
        (Condition("source-ip", ("10.1.2.4/32",)), False),
        (Condition("of-tomorrow", ("*",)), False),
    ],
)
def test_condition_holds(condition: Condition, holds: bool) -> None:
    assert condition_holds(condition, REQUEST) is holds


def test_a_backslash_takes_a_wildcard_literally() -> None:
    starred = replace(REQUEST, query="text=a*b")
    assert condition_holds(Condition("query-string", pairs=(("text", r"a\*b"),)), starred)
    assert not condition_holds(
        Condition("query-string", pairs=(("text", r"a\*b"),)), replace(REQUEST, query="text=aXb")
    )


def rule(name: str, *conditions: Condition) -> Rule:
    return Rule(name, 1, conditions, FixedResponse(200))


def test_every_condition_of_a_rule_must_hold_and_the_first_rule_wins() -> None:
    host, other_path = Condition("host-header", ("app.*",)), Condition("path-pattern", ("/other",))
    default = rule("default")
    assert first_match([rule("both", host, other_path), rule("host", host), default], REQUEST) == rule("host", host)
    assert first_match([rule("both", host, other_path), default], REQUEST) == default
    assert first_match([rule("both", host, other_path)], REQUEST) is None


@pytest.mark.parametrize(
    ("redirect", "request_", "location"),
    [
        (
            Redirect(301, protocol="HTTPS", port="443"),
            REQUEST,
            "https://app.example.com:443/tasks/7?version=v1&page=2",
        ),
        (Redirect(302), replace(REQUEST, query=""), "http://app.example.com:80/tasks/7"),
        (Redirect(302), replace(REQUEST, path="/", query=""), "http://app.example.com:80/"),
        (Redirect(301, host="www.#{host}"), REQUEST, "http://www.app.example.com:80/tasks/7?version=v1&page=2"),
        (
            Redirect(301, path="/v2/#{path}", query="from=#{path}&#{query}"),
            replace(REQUEST, path="/a%20b", query="x=1"),
            "http://app.example.com:80/v2/a%20b?from=a%20b&x=1",
        ),
        (Redirect(301, path="/moved", query=""), replace(REQUEST, query=""), "http://app.example.com:80/moved"),
    ],
)
def test_redirect_location(redirect: Redirect, request_: RequestFacts, location: str) -> None:
    assert redirect_location(redirect, request_) == location


@pytest.mark.parametrize(
    ("weights", "point", "chosen"),
    [
        ([("blue", 95), ("green", 5)], 0.0, "blue"),
        ([("blue", 95), ("green", 5)], 0.9499, "blue"),
        ([("blue", 95), ("green", 5)], 0.95, "green"),
        ([("blue", 95), ("green", 5)], 0.9999, "green"),
        ([("blue", 0), ("green", 100)], 0.0, "green"),
        ([("blue", 100), ("green", 0)], 0.9999999, "blue"),
        ([("only", 1)], 0.5, "only"),
        ([("blue", 0), ("green", 0)], 0.5, None),
        ([], 0.5, None),
    ],
)
def test_choose_weighted(weights: list[tuple[str, int]], point: float, chosen: str | None) -> None:
    assert choose_weighted(weights, point) == chosen


@pytest.mark.parametrize(
    ("actions", "parsed"),
    [
        (
            [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}],
            Redirect(301, protocol="HTTPS", port="443"),
        ),
        (
            [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
            FixedResponse(404),
        ),
        ([{"Type": "forward", "TargetGroupArn": "a"}], Forward((("a", 1),))),
        (
            [
                {
                    "Type": "forward",
                    "TargetGroupArn": "",
                    "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}, {"TargetGroupArn": "b"}]},
                }
            ],
            Forward((("a", 0), ("b", 1))),
        ),
        (
            [{"Type": "forward", "TargetGroupArn": "a", "Order": 2}, {"Type": "authenticate-oidc", "Order": 1}],
            Unsupported("authenticate-oidc"),
        ),
    ],
)
def test_parse_action(actions: list[dict[str, Any]], parsed: object) -> None:
    assert parse_action(actions) == parsed


@pytest.mark.parametrize(
    ("condition", "parsed"),
    [
        ({"Field": "path-pattern", "Values": ["/a"]}, Condition("path-pattern", ("/a",))),
        ({"Field": "host-header", "HostHeaderConfig": {"Values": ["a", "b"]}}, Condition("host-header", ("a", "b"))),
        (
            {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": ["1"]}},
            Condition("http-header", ("1",), header="X"),
        ),
        (
            {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "k", "Value": "v"}, {"Value": "w"}]}},
            Condition("query-string", pairs=(("k", "v"), (None, "w"))),
        ),
    ],
)
def test_parse_condition(condition: dict[str, Any], parsed: Condition) -> None:
    assert parse_condition(condition) == parsed


def test_rules_are_evaluated_by_number_and_the_default_rule_last() -> None:
    actions = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]
    rules = [
        {"RuleArn": number, "Priority": number, "Conditions": [], "Actions": actions}
        for number in ("default", "10", "9", "100")
    ]
    listener = {"ListenerArn": "l", "Port": 443, "Protocol": "HTTPS"}
    certificates = [{"CertificateArn": "extra"}, {"CertificateArn": "main", "IsDefault": True}]
    parsed = parse_listener(listener, rules, certificates)
    assert [rule.arn for rule in parsed.rules] == ["9", "10", "100", "default"]
    assert parsed.certificates == ("main", "extra")
    assert parse_rule(rules[0]).priority == DEFAULT_PRIORITY
