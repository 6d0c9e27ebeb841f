"""Targets of the data plane: health checks, selection, draining."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp

from flaskops_sandbox.alb import health as states
from flaskops_sandbox.alb.health import CheckResult, Health
from flaskops_sandbox.alb.model import Snapshot, Target, TargetGroup
from flaskops_sandbox.alb.target_health import Entry

log = logging.getLogger("flaskops_sandbox.alb")

# "The load balancer failed to establish a connection to the target before the connection timeout expired
# (10 seconds)": the user guide's causes of HTTP 504.
CONNECT_TIMEOUT = 10.0


class TargetState:
    """One target: its health, its own connections, and its requests in flight."""

    def __init__(self, target: Target, idle_timeout: float) -> None:
        self.target = target
        self.health: Health = states.REGISTERING
        self.requests: set[asyncio.Timeout] = set()  # one deadline a request in flight
        self.draining_since: float | None = None  # time.monotonic()
        self.checks: asyncio.Task[None] | None = None
        self._idle_timeout = idle_timeout
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """The pool of kept connections to this target. One a target, so that closing it cuts off only this one."""
        if self._session is None or self._session.closed:
            self._session = client_session(
                aiohttp.TCPConnector(limit=0, keepalive_timeout=self._idle_timeout, ssl=unverified())
            )
            # Send each request once, as AWS does. A retry of aiohttp would hide errors caused by a short keepalive of
            # the target.
            self._session._retry_connection = False
        return self._session

    @contextlib.asynccontextmanager
    async def request(self) -> AsyncIterator[asyncio.Timeout]:
        """Count one request in flight. TimeoutError ends it, with the deadline expired, when the target is removed."""
        async with asyncio.timeout(None) as deadline:
            self.requests.add(deadline)
            try:
                yield deadline
            finally:
                self.requests.discard(deadline)

    def stop_checks(self) -> None:
        if self.checks is not None:
            self.checks.cancel()
            self.checks = None

    async def close(self) -> None:
        """End the checks, the requests in flight (closing the pool alone lets them go on) and the connections."""
        self.stop_checks()
        for deadline in self.requests:
            if not deadline.expired():
                deadline.reschedule(0)
        if self._session is not None:
            await self._session.close()


class GroupState:
    """One target group: its members, its draining members, and the next target."""

    def __init__(self, settings: TargetGroup, changed: Callable[[], None]) -> None:
        self.settings = settings
        self.in_use = False
        self.members: dict[Target, TargetState] = {}
        self._changed = changed
        self._turn = itertools.count()

    def pick(self) -> TargetState | None:
        """Return the target of the next request, or None if no target is registered."""
        fit = states.eligible([(member, member.health) for member in self.members.values()])
        if not fit:
            return None
        if self.settings.algorithm == "least_outstanding_requests":
            return min(fit, key=lambda member: len(member.requests))
        return fit[next(self._turn) % len(fit)]

    async def update(self, settings: TargetGroup, in_use: bool, idle_timeout: float) -> None:
        """Take over what ELBv2 says now: new members, members that leave, changed settings."""
        self.settings = settings
        if in_use != self.in_use:
            self.in_use = in_use
            for member in self.members.values():
                if member.draining_since is None:
                    self._start(member)
        for target in sorted(settings.targets):
            if target not in self.members:
                self.members[target] = TargetState(target, idle_timeout)
                self._start(self.members[target])
            elif self.members[target].draining_since is not None:
                self.members[target].draining_since = None
                self._start(self.members[target])
        for target, member in list(self.members.items()):
            if target in settings.targets:
                continue
            if member.draining_since is None:
                member.draining_since = self._drain(member)
            if time.monotonic() - member.draining_since >= self._delay():
                await self._remove(member)

    async def close(self) -> None:
        for member in list(self.members.values()):
            await self._remove(member)

    def entries(self) -> list[Entry]:
        """What DescribeTargetHealth answers for this group."""
        return [
            Entry(
                id=target.id,
                port=target.port,
                state=member.health.state,
                reason=member.health.reason,
                description=member.health.description,
            )
            for target, member in sorted(self.members.items())
        ]

    def _start(self, member: TargetState) -> None:
        member.stop_checks()
        if not self.in_use:
            self._set(member, states.NOT_IN_USE)
            return
        self._set(member, states.REGISTERING)
        member.checks = asyncio.create_task(self._check_forever(member), name=f"health {member.target}")

    def _delay(self) -> float:
        """Return the deregistration delay in seconds; 0 for a group without a rule, which gets no requests."""
        return self.settings.deregistration_delay if self.in_use else 0

    def _drain(self, member: TargetState) -> float:
        member.stop_checks()
        self._set(member, states.DRAINING, f"{self._delay():g} s, {len(member.requests)} requests in flight")
        return time.monotonic()

    async def _remove(self, member: TargetState) -> None:
        del self.members[member.target]
        if member.requests:
            log.warning(
                "%s of %s: cutting off %d requests, the deregistration delay is over",
                member.target, self.settings.name, len(member.requests),
            )  # fmt: skip
        await member.close()
        log.info("%s of %s: removed", member.target, self.settings.name)
        self._changed()

    def _set(self, member: TargetState, now: Health, detail: str = "") -> None:
        before, member.health = member.health, now
        if (before.state, before.reason) == (now.state, now.reason) and now is not states.REGISTERING:
            return
        why = ", ".join(part for part in (now.reason, now.description, detail) if part)
        log.info("%s of %s: %s%s", member.target, self.settings.name, now.state, f" ({why})" if why else "")
        self._changed()

    async def _check_forever(self, member: TargetState) -> None:
        """Ask every `interval` seconds from the start of one check to the start of the next."""
        while True:
            settings = self.settings.health_check
            began = time.monotonic()
            result = await check_once(self.settings, member.target)
            self._set(
                member,
                states.after_check(member.health, result, settings.healthy_threshold, settings.unhealthy_threshold),
            )
            await asyncio.sleep(max(0.0, settings.interval - (time.monotonic() - began)))


class Targets:
    """All target groups. `changed` is called after every change that DescribeTargetHealth would show."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.groups: dict[str, GroupState] = {}
        self._changed = changed

    async def apply(self, snapshot: Snapshot) -> None:
        used = snapshot.groups_in_use()
        # A group belongs to one load balancer in nearly every case; with several, the shortest timeout is safe.
        idle_timeout = min((balancer.idle_timeout for balancer in snapshot.load_balancers), default=60.0)
        for arn, settings in snapshot.target_groups.items():
            if arn not in self.groups:
                self.groups[arn] = GroupState(settings, self._changed)
            await self.groups[arn].update(settings, arn in used, idle_timeout)
        for arn in [arn for arn in self.groups if arn not in snapshot.target_groups]:
            await self.groups.pop(arn).close()
            self._changed()

    async def close(self) -> None:
        for group in self.groups.values():
            await group.close()

    def entries(self) -> Mapping[str, list[Entry]]:
        return {arn: group.entries() for arn, group in self.groups.items()}


def client_session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    """A client that adds nothing of its own: no cookies, no decompression, no headers that the client did not send."""
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        max_line_size=16_384,
        max_field_size=16_384,
    )


def unverified() -> ssl.SSLContext:
    """TLS to targets without verification: AWS's load balancer does not check targets' certificates either."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def check_once(group: TargetGroup, target: Target) -> CheckResult:
    """One health check over a connection of its own, as AWS does it."""
    settings = group.health_check
    url = f"{settings.protocol.lower()}://{target.id}:{settings.port_of(target)}{settings.path}"
    timeout = aiohttp.ClientTimeout(total=settings.timeout)
    connector = aiohttp.TCPConnector(force_close=True, ssl=unverified())
    try:
        async with (
            client_session(connector) as session,
            session.get(
                url, timeout=timeout, allow_redirects=False, headers={"User-Agent": "ELB-HealthChecker/2.0"}
            ) as response,
        ):
            return states.result_of(settings.matcher, response.status)
    except TimeoutError:
        return states.TIMED_OUT
    except (aiohttp.ClientError, OSError, ValueError):
        return states.NOT_REACHED
