"""State transitions of target health.

After "Health checks for Application Load Balancer target groups" (user guide) and TargetHealth (API reference): a new
target needs one passed check, an unhealthy one as many in a row as the healthy threshold says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Health:
    """State and reason code of a target, and the number of consecutive checks for a change."""

    state: str
    reason: str | None = None
    description: str | None = None
    in_a_row: int = 0


@dataclass(frozen=True)
class CheckResult:
    """One health check: passed, or the reason code and description of why not."""

    reason: str | None = None
    description: str | None = None

    @property
    def passed(self) -> bool:
        return self.reason is None


REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
FIRST_CHECKS = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
HEALTHY = Health("healthy")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)

PASSED = CheckResult()
TIMED_OUT = CheckResult("Target.Timeout", "Request timed out")
NOT_REACHED = CheckResult("Target.FailedHealthChecks", "Health checks failed")


def wrong_code(code: int) -> CheckResult:
    return CheckResult("Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")


def code_matches(matcher: str, code: int) -> bool:
    """Whether `code` is in a matcher such as `200`, `200,202` or `200-299,302`."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= code <= int(high or low):
            return True
    return False


def result_of(matcher: str, code: int) -> CheckResult:
    return PASSED if code_matches(matcher, code) else wrong_code(code)


def after_check(health: Health, result: CheckResult, healthy_threshold: int, unhealthy_threshold: int) -> Health:
    """The next state. Draining and unused targets are not checked, so a late result changes nothing for them."""
    if health.state == "initial":
        if result.passed:
            return HEALTHY
        failures = health.in_a_row + 1
        if failures >= unhealthy_threshold:
            return Health("unhealthy", result.reason, result.description)
        return replace(FIRST_CHECKS, in_a_row=failures)
    if health.state == "healthy":
        if result.passed:
            return HEALTHY
        failures = health.in_a_row + 1
        if failures >= unhealthy_threshold:
            return Health("unhealthy", result.reason, result.description)
        return replace(health, in_a_row=failures)
    if health.state == "unhealthy":
        if not result.passed:
            return Health("unhealthy", result.reason, result.description)
        successes = health.in_a_row + 1
        return HEALTHY if successes >= healthy_threshold else replace(health, in_a_row=successes)
    return health


def eligible(targets: Iterable[tuple[T, Health]]) -> list[T]:
    """Return the targets for new requests: the healthy ones, or all registered ones if none is healthy (fail open)."""
    known = list(targets)
    healthy = [target for target, health in known if health.state == "healthy"]
    return healthy or [target for target, health in known if health.state in ("initial", "unhealthy")]
