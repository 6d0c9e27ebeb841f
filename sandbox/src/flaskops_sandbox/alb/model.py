"""The state of ELBv2 as typed values, as needed by the data plane.

Parsing happens once, at the edge (`parse_*`), so that rule matching and health checks work on typed values.
Field names and defaults: Elastic Load Balancing API reference, version 2015-12-01.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# The default rule is evaluated last; AWS allows priorities 1 to 50000.
DEFAULT_PRIORITY = 50_001


@dataclass(frozen=True, order=True)
class Target:
    """One registered address of a target group of type ip."""

    id: str
    port: int

    def __str__(self) -> str:
        return f"{self.id}:{self.port}"


@dataclass(frozen=True)
class HealthCheck:
    """Settings of a target group's health checks; interval and timeout in seconds."""

    protocol: str = "HTTP"
    port: str = "traffic-port"
    path: str = "/"
    interval: float = 30
    timeout: float = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"

    def port_of(self, target: Target) -> int:
        """The port that is asked: the target's own, or one number for the whole group."""
        return target.port if self.port == "traffic-port" else int(self.port)


@dataclass(frozen=True)
class TargetGroup:
    """One target group with the attributes that change how requests are carried."""

    arn: str
    name: str
    protocol: str = "HTTP"
    health_check: HealthCheck = HealthCheck()
    deregistration_delay: float = 300
    algorithm: str = "round_robin"
    targets: frozenset[Target] = frozenset()


@dataclass(frozen=True)
class Condition:
    """One condition of a rule. `values` are alternatives; `header` and `pairs` serve the two fields that need them."""

    field: str
    values: tuple[str, ...] = ()
    header: str = ""
    pairs: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True)
class Redirect:
    """A redirect action; its parts may hold #{protocol} #{host} #{port} #{path} #{query}."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True)
class FixedResponse:
    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True)
class Forward:
    """Target group ARNs with their weights (0 to 999)."""

    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Unsupported:
    """An unsupported action. The data plane returns an error with its name."""

    type: str


Action = Redirect | FixedResponse | Forward | Unsupported


@dataclass(frozen=True)
class Rule:
    arn: str
    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Listener:
    arn: str
    port: int
    protocol: str
    ssl_policy: str = ""
    certificates: tuple[str, ...] = ()  # ARNs, the default certificate first
    rules: tuple[Rule, ...] = ()  # in the order of evaluation, the default rule last


@dataclass(frozen=True)
class LoadBalancer:
    arn: str
    name: str
    created: str = ""  # ISO 8601; the oldest load balancer keeps a contested port
    idle_timeout: float = 60
    client_port_in_forwarded_for: bool = False
    forwarded_for_mode: str = "append"
    listeners: tuple[Listener, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """All of ELBv2 at one moment."""

    load_balancers: tuple[LoadBalancer, ...] = ()
    target_groups: Mapping[str, TargetGroup] = field(default_factory=dict)

    def groups_in_use(self) -> frozenset[str]:
        """Return the ARNs of groups that a rule forwards to, including those with weight 0."""
        return frozenset(
            arn
            for balancer in self.load_balancers
            for listener in balancer.listeners
            for rule in listener.rules
            if isinstance(rule.action, Forward)
            for arn, _weight in rule.action.weights
        )


def parse_action(actions: Iterable[Mapping[str, Any]]) -> Action:
    """The one action that ends a rule. An authenticate action before it makes the whole rule unsupported."""
    parsed: Action = Unsupported("none")
    for action in sorted(actions, key=lambda item: int(item.get("Order", 1))):
        kind = action["Type"]
        if kind == "redirect":
            parsed = _parse_redirect(action["RedirectConfig"])
        elif kind == "fixed-response":
            config = action["FixedResponseConfig"]
            parsed = FixedResponse(
                int(config["StatusCode"]), config.get("ContentType") or "text/plain", config.get("MessageBody") or ""
            )
        elif kind == "forward":
            parsed = _parse_forward(action)
        else:
            return Unsupported(kind)
    return parsed


def _parse_redirect(config: Mapping[str, Any]) -> Redirect:
    given = {name.lower(): config[name] for name in ("Protocol", "Host", "Port", "Path", "Query") if config.get(name)}
    return Redirect(status=int(config["StatusCode"].removeprefix("HTTP_")), **given)


def _parse_forward(action: Mapping[str, Any]) -> Forward:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups")
    if groups:
        # AWS gives a group without a weight the weight 1.
        return Forward(tuple((group["TargetGroupArn"], int(group.get("Weight", 1))) for group in groups))
    return Forward(((action["TargetGroupArn"], 1),))


_CONFIG_OF_FIELD = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
    "query-string": "QueryStringConfig",
}


def parse_condition(condition: Mapping[str, Any]) -> Condition:
    """One RuleCondition. The older form with plain Values and the newer one with a config mean the same."""
    name = condition["Field"]
    config = condition.get(_CONFIG_OF_FIELD.get(name, "")) or {}
    values = config.get("Values") or condition.get("Values") or []
    if name == "query-string":
        return Condition(name, pairs=tuple((pair.get("Key"), pair.get("Value", "")) for pair in values))
    return Condition(name, tuple(values), header=config.get("HttpHeaderName", ""))


def parse_rule(rule: Mapping[str, Any]) -> Rule:
    priority = DEFAULT_PRIORITY if rule["Priority"] == "default" else int(rule["Priority"])
    conditions = tuple(parse_condition(condition) for condition in rule.get("Conditions", []))
    return Rule(rule["RuleArn"], priority, conditions, parse_action(rule["Actions"]))


def parse_listener(
    listener: Mapping[str, Any], rules: Iterable[Mapping[str, Any]], certificates: Iterable[Mapping[str, Any]]
) -> Listener:
    """`certificates` is DescribeListenerCertificates' answer, which holds the default one and the extra ones."""
    default_first = sorted(certificates, key=lambda item: not item.get("IsDefault", False))
    return Listener(
        arn=listener["ListenerArn"],
        port=int(listener["Port"]),
        protocol=listener["Protocol"],
        ssl_policy=listener.get("SslPolicy") or "",
        certificates=tuple(dict.fromkeys(item["CertificateArn"] for item in default_first)),
        rules=tuple(sorted((parse_rule(rule) for rule in rules), key=lambda rule: rule.priority)),
    )


def parse_load_balancer(
    balancer: Mapping[str, Any], attributes: Mapping[str, str], listeners: Iterable[Listener]
) -> LoadBalancer:
    return LoadBalancer(
        arn=balancer["LoadBalancerArn"],
        name=balancer["LoadBalancerName"],
        created=str(balancer.get("CreatedTime", "")),
        idle_timeout=float(attributes.get("idle_timeout.timeout_seconds", 60)),
        client_port_in_forwarded_for=attributes.get("routing.http.xff_client_port.enabled") == "true",
        forwarded_for_mode=attributes.get("routing.http.xff_header_processing.mode", "append"),
        listeners=tuple(sorted(listeners, key=lambda listener: listener.port)),
    )


def parse_target_group(
    group: Mapping[str, Any], attributes: Mapping[str, str], targets: Iterable[Target]
) -> TargetGroup:
    check = HealthCheck(
        protocol=group.get("HealthCheckProtocol") or "HTTP",
        port=str(group.get("HealthCheckPort") or "traffic-port"),
        path=group.get("HealthCheckPath") or "/",
        interval=float(group.get("HealthCheckIntervalSeconds", 30)),
        timeout=float(group.get("HealthCheckTimeoutSeconds", 5)),
        healthy_threshold=int(group.get("HealthyThresholdCount", 5)),
        unhealthy_threshold=int(group.get("UnhealthyThresholdCount", 2)),
        matcher=(group.get("Matcher") or {}).get("HttpCode") or "200",
    )
    return TargetGroup(
        arn=group["TargetGroupArn"],
        name=group["TargetGroupName"],
        protocol=group.get("Protocol") or "HTTP",
        health_check=check,
        deregistration_delay=float(attributes.get("deregistration_delay.timeout_seconds", 300)),
        algorithm=attributes.get("load_balancing.algorithm.type", "round_robin"),
        targets=frozenset(targets),
    )
