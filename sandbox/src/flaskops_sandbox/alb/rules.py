"""Rule matching, redirects and weights. Pure functions.

After "Listener rules for your Application Load Balancer" (Elastic Load Balancing user guide): conditions of one rule
must all hold, the values of one condition are alternatives, and the first rule by priority wins.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from flaskops_sandbox.alb.model import Condition, Redirect, Rule


@dataclass(frozen=True)
class RequestFacts:
    """What conditions may look at. `path` and `query` are as sent (still percent-encoded), `host` is without a port."""

    method: str
    protocol: str  # http or https
    host: str
    port: int  # the listener's
    path: str
    query: str = ""
    source_ip: str = "127.0.0.1"
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)  # names in lower case


@functools.lru_cache(maxsize=1024)
def wildcard(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """`*` stands for any characters, `?` for exactly one, and a backslash takes the next one literally."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "\\":
            parts.append(re.escape(next(characters, "\\")))
        else:
            parts.append(re.escape(character))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _any_matches(patterns: Iterable[str], candidates: Iterable[str], ignore_case: bool) -> bool:
    found = list(candidates)
    return any(
        wildcard(pattern, ignore_case).fullmatch(candidate) is not None for pattern in patterns for candidate in found
    )


def _query_matches(pairs: Sequence[tuple[str | None, str]], query: str) -> bool:
    sent = parse_qsl(query, keep_blank_values=True)
    for wanted_key, wanted_value in pairs:
        for key, value in sent:
            key_fits = wanted_key is None or wildcard(wanted_key, True).fullmatch(key) is not None
            if key_fits and wildcard(wanted_value, True).fullmatch(value) is not None:
                return True
    return False


def _source_matches(blocks: Iterable[str], source: str) -> bool:
    address = ipaddress.ip_address(source)
    return any(address in ipaddress.ip_network(block, strict=False) for block in blocks)


def condition_holds(condition: Condition, facts: RequestFacts) -> bool:
    """Host names, header values and query strings are compared without case; paths and methods with it."""
    match condition.field:
        case "host-header":
            return _any_matches(condition.values, [facts.host], ignore_case=True)
        case "path-pattern":
            return _any_matches(condition.values, [facts.path], ignore_case=False)
        case "http-header":
            return _any_matches(condition.values, facts.headers.get(condition.header.lower(), ()), ignore_case=True)
        case "http-request-method":
            return facts.method in condition.values
        case "query-string":
            return _query_matches(condition.pairs, facts.query)
        case "source-ip":
            return _source_matches(condition.values, facts.source_ip)
    # An unknown condition must not match every request.
    return False


def first_match(rules: Iterable[Rule], facts: RequestFacts) -> Rule | None:
    """The rule that decides; `rules` come in the order of evaluation. None only when there is no default rule."""
    for rule in rules:
        if all(condition_holds(condition, facts) for condition in rule.conditions):
            return rule
    return None


def redirect_location(redirect: Redirect, facts: RequestFacts) -> str:
    """The Location header. Like AWS's, it names the port always; #{path} is without its leading slash."""
    values = {
        "protocol": facts.protocol,
        "host": facts.host,
        "port": str(facts.port),
        "path": facts.path.removeprefix("/"),
        "query": facts.query,
    }

    def fill(text: str) -> str:
        return re.sub(r"#\{(protocol|host|port|path|query)\}", lambda found: values[found.group(1)], text)

    protocol = fill(redirect.protocol).lower()
    query = fill(redirect.query)
    location = f"{protocol}://{fill(redirect.host)}:{fill(redirect.port)}{fill(redirect.path)}"
    return f"{location}?{query}" if query else location


def choose_weighted(weights: Sequence[tuple[str, int]], point: float) -> str | None:
    """Return the group for a random `point` in [0, 1) by weight. None if every weight is 0.

    The choice is random instead of round robin, which could send every second request of a client to the same group.
    """
    total = sum(weight for _, weight in weights)
    if total <= 0:
        return None
    mark = point * total
    for arn, weight in weights:
        if mark < weight:
            return arn
        mark -= weight
    return next(arn for arn, weight in reversed(weights) if weight > 0)
