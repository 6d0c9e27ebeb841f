"""Handles a request: find the matching rule, then redirect, return a fixed response or forward to a target."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable
from http import HTTPStatus

import aiohttp
from aiohttp import web
from multidict import CIMultiDictProxy
from yarl import URL

from flaskops_sandbox.alb import headers as header_rules
from flaskops_sandbox.alb import rules
from flaskops_sandbox.alb.access_log import AccessEntry, AccessLog
from flaskops_sandbox.alb.model import FixedResponse, Forward, Listener, LoadBalancer, Redirect, Unsupported
from flaskops_sandbox.alb.targets import CONNECT_TIMEOUT, GroupState, Targets, TargetState

log = logging.getLogger("flaskops_sandbox.alb")

SERVER = "awselb/2.0"

# What the load balancer logs when the client left before the answer (user guide, "HTTP 460").
CLIENT_LEFT = 460


class Proxy:
    """The request handler of every listener; stateless but for the targets that it shares with the health checks."""

    def __init__(self, targets: Targets, access_log: AccessLog, draw: Callable[[], float] = random.random) -> None:
        self._targets = targets
        self._access_log = access_log
        self._draw = draw

    async def handle(self, balancer: LoadBalancer, listener: Listener, request: web.BaseRequest) -> web.StreamResponse:
        """Handle a request and write its access log line, also if the client disconnects."""
        began = time.monotonic()
        facts = facts_of(request, listener)
        entry = AccessEntry(balancer.name, listener.port, facts.source_ip, facts.method, facts.host, facts.path)
        try:
            response = await self._answer(balancer, listener, request, facts, entry)
            entry.elb_status = response.status
            return response
        except asyncio.CancelledError:
            entry.elb_status, entry.error = CLIENT_LEFT, "the client closed the connection"
            raise
        finally:
            entry.seconds = round(time.monotonic() - began, 4)
            self._access_log.write(entry)

    async def _answer(
        self,
        balancer: LoadBalancer,
        listener: Listener,
        request: web.BaseRequest,
        facts: rules.RequestFacts,
        entry: AccessEntry,
    ) -> web.StreamResponse:
        if not facts.host:
            return own_answer(HTTPStatus.BAD_REQUEST)
        rule = rules.first_match(listener.rules, facts)
        if rule is None:
            entry.error = "no rule of the listener matches"
            return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
        entry.rule = rule.arn.rpartition("/")[2]
        match rule.action:
            case Redirect():
                response = own_answer(HTTPStatus(rule.action.status))
                response.headers["Location"] = rules.redirect_location(rule.action, facts)
                return response
            case FixedResponse():
                return fixed(rule.action)
            case Forward():
                group = self._group(rule.action)
                member = group.pick() if group is not None else None
                if group is None or member is None:
                    entry.error = "no registered target"
                    entry.target_group = group.settings.name if group is not None else ""
                    return own_answer(HTTPStatus.SERVICE_UNAVAILABLE)
                entry.target_group, entry.target = group.settings.name, str(member.target)
                return await self._forward(balancer, listener, request, facts, group, member, entry)
            case Unsupported():
                entry.error = f"action {rule.action.type} is not carried out here"
                return own_answer(HTTPStatus.NOT_IMPLEMENTED, entry.error)

    def _group(self, action: Forward) -> GroupState | None:
        arn = rules.choose_weighted(action.weights, self._draw())
        return self._targets.groups.get(arn) if arn is not None else None

    async def _forward(
        self,
        balancer: LoadBalancer,
        listener: Listener,
        request: web.BaseRequest,
        facts: rules.RequestFacts,
        group: GroupState,
        member: TargetState,
        entry: AccessEntry,
    ) -> web.StreamResponse:
        """Send the request once; AWS's load balancer does not try another target either."""
        path = request.raw_path if request.raw_path.startswith("/") else str(request.rel_url.relative())
        url = URL(f"{group.settings.protocol.lower()}://{member.target}{path}", encoded=True)
        outgoing = header_rules.to_target(
            request.headers, client_of(request, balancer), facts.protocol, listener.port, balancer.forwarded_for_mode
        )
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=balancer.idle_timeout)
        started: web.StreamResponse | None = None
        deadline: asyncio.Timeout | None = None
        try:
            async with (
                member.request() as deadline,
                member.session().request(
                    request.method,
                    url,
                    headers=outgoing,
                    data=request.content if request.body_exists else None,
                    allow_redirects=False,
                    timeout=timeout,
                ) as answer,
            ):
                entry.target_status = answer.status
                started = web.StreamResponse(status=answer.status, reason=answer.reason)
                pass_on(answer.headers, started)
                await started.prepare(request)
                async for chunk in answer.content.iter_any():
                    await started.write(chunk)
                    entry.sent_bytes += len(chunk)
                await started.write_eof()
                return started
        except TimeoutError:
            if deadline is not None and deadline.expired():
                why = "the target was deregistered and its delay is over"
                return self._failed(request, started, entry, HTTPStatus.BAD_GATEWAY, why)
            return self._failed(request, started, entry, HTTPStatus.GATEWAY_TIMEOUT, "the target did not answer")
        except (aiohttp.ClientError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                raise asyncio.CancelledError from error
            return self._failed(request, started, entry, HTTPStatus.BAD_GATEWAY, f"{type(error).__name__}: {error}")

    def _failed(
        self,
        request: web.BaseRequest,
        started: web.StreamResponse | None,
        entry: AccessEntry,
        status: HTTPStatus,
        why: str,
    ) -> web.StreamResponse:
        entry.error = why
        log.warning("%s %s from %s: %s (%s)", request.method, entry.path, entry.target, why, entry.target_group)
        if started is None or not started.prepared:
            return own_answer(status)
        # The status line is already sent, so close the connection to signal the error.
        if request.transport is not None:
            request.transport.abort()
        return started


def facts_of(request: web.BaseRequest, listener: Listener) -> rules.RequestFacts:
    host = request.headers.get("Host", "").lower()
    if not host.startswith("["):
        host = host.partition(":")[0]
    received: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        received.setdefault(name.lower(), []).append(value)
    return rules.RequestFacts(
        method=request.method,
        protocol=listener.protocol.lower(),
        host=host,
        port=listener.port,
        path=request.rel_url.raw_path,
        query=request.rel_url.raw_query_string,
        source_ip=peer(request)[0],
        headers=received,
    )


def peer(request: web.BaseRequest) -> tuple[str, int]:
    """Address and port of the client; the transport forgets them when the client has left already."""
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return (name[0], name[1]) if name else ("0.0.0.0", 0)


def client_of(request: web.BaseRequest, balancer: LoadBalancer) -> str:
    """The client as X-Forwarded-For names it: with its port when xff_client_port.enabled says so."""
    address, port = peer(request)
    return f"{address}:{port}" if balancer.client_port_in_forwarded_for else address


def pass_on(received: CIMultiDictProxy[str], response: web.StreamResponse) -> None:
    """The target's headers as they are; only what belongs to its connection stays behind."""
    for name, value in header_rules.end_to_end(received).items():
        response.headers.add(name, value)
    # aiohttp would add its own Server header.
    response.headers.setdefault("Server", SERVER)


def own_answer(status: HTTPStatus, text: str | None = None) -> web.Response:
    """An answer of the load balancer itself."""
    title = f"{status.value} {status.phrase}"
    body = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{text or title}</h1></center>\r\n"
    return web.Response(
        status=status.value,
        text=f"{body}</body>\r\n</html>\r\n",
        content_type="text/html",
        headers={"Server": SERVER},
    )


def fixed(action: FixedResponse) -> web.Response:
    return web.Response(
        status=action.status,
        body=action.body.encode(),
        headers={"Content-Type": action.content_type, "Server": SERVER},
    )
