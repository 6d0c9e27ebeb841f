"""The listening sockets: one per port of the instance address, each owned by one load balancer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from flaskops_sandbox.alb.model import Listener, LoadBalancer, Snapshot
from flaskops_sandbox.alb.proxy import Proxy
from flaskops_sandbox.alb.tls import Certificates, minimum_version

log = logging.getLogger("flaskops_sandbox.alb")

# Time limit of requests in flight after their listener was deleted.
CLOSE_WITHIN = 5.0

# AWS accepts 16 KB for the request line and for a single header (quotas, "HTTP headers").
LINE_LIMIT = 16_384


@dataclass(frozen=True)
class Claim:
    """One load balancer's listener on a port."""

    balancer: LoadBalancer
    listener: Listener


def claims_by_port(
    balancers: Iterable[LoadBalancer], owners: Mapping[int, str]
) -> tuple[dict[int, Claim], list[tuple[int, str, str]]]:
    """Return the owner of each port, and the conflicts as (port, name of the owner, name of the rejected one).

    `owners` maps ports to the ARN of the current owner, which keeps its port. Else the oldest load balancer gets it.
    """
    winners: dict[int, Claim] = {}
    conflicts: list[tuple[int, str, str]] = []
    for balancer in sorted(balancers, key=lambda item: (item.created, item.arn)):
        for listener in balancer.listeners:
            claim, port = Claim(balancer, listener), listener.port
            if port not in winners:
                winners[port] = claim
                continue
            if owners.get(port) == balancer.arn:
                winners[port], claim = claim, winners[port]
            conflicts.append((port, winners[port].balancer.name, claim.balancer.name))
    return winners, conflicts


class Frontend:
    """One open port. What it serves may change under it; only another protocol or TLS policy needs a new socket."""

    def __init__(self, address: str, claim: Claim, proxy: Proxy, certificates: Certificates) -> None:
        self.claim = claim
        self._address = address
        self._proxy = proxy
        self._certificates = certificates
        self._socket: asyncio.Server | None = None
        self._handlers: dict[float, web.Server] = {}

    @property
    def kind(self) -> tuple[str, str]:
        """What cannot change while the socket stays open."""
        return kind_of(self.claim.listener)

    async def open(self) -> None:
        """Bind the port. Raises OSError if the port is in use."""
        listener = self.claim.listener
        context = None
        if listener.protocol == "HTTPS":
            context = self._certificates.listener_context(listener.ssl_policy, lambda: self.claim.listener.certificates)
        self._socket = await asyncio.get_running_loop().create_server(
            self._connection, self._address, listener.port, ssl=context, backlog=512
        )

    def _connection(self) -> RequestHandler:
        """The protocol of a new connection, with the idle timeout that the load balancer has now."""
        idle = self.claim.balancer.idle_timeout
        if idle not in self._handlers:
            self._handlers[idle] = web.Server(
                self._handle,
                handler_cancellation=True,
                keepalive_timeout=idle,
                access_log=None,
                auto_decompress=False,
                max_line_size=LINE_LIMIT,
                max_field_size=LINE_LIMIT,
            )
        return self._handlers[idle]()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._proxy.handle(self.claim.balancer, self.claim.listener, request)

    async def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        for handler in self._handlers.values():
            handler.pre_shutdown()
            await handler.shutdown(CLOSE_WITHIN)


def kind_of(listener: Listener) -> tuple[str, str]:
    return listener.protocol, minimum_version(listener.ssl_policy).name if listener.protocol == "HTTPS" else ""


class Frontends:
    """All open ports of one instance."""

    def __init__(self, address: str, proxy: Proxy, certificates: Certificates) -> None:
        self._address = address
        self._proxy = proxy
        self._certificates = certificates
        self._open: dict[int, Frontend] = {}
        self._reported: set[tuple[int, str, str]] = set()
        self._unbound: dict[int, str] = {}

    async def apply(self, snapshot: Snapshot) -> None:
        """Open, change and close ports according to ELBv2."""
        owners = {port: frontend.claim.balancer.arn for port, frontend in self._open.items()}
        winners, conflicts = claims_by_port(snapshot.load_balancers, owners)
        self._report(conflicts)
        for port in [port for port in self._open if port not in winners]:
            await self._close(port)
        for port, claim in winners.items():
            frontend = self._open.get(port)
            if frontend is not None and frontend.kind != kind_of(claim.listener):
                await self._close(port)
                frontend = None
            if frontend is None:
                await self._bind(port, claim)
            else:
                if frontend.claim.balancer.arn != claim.balancer.arn:
                    log.info("port %d: now owned by load balancer %s", port, claim.balancer.name)
                frontend.claim = claim

    async def close(self) -> None:
        for port in list(self._open):
            await self._close(port)

    async def _bind(self, port: int, claim: Claim) -> None:
        frontend = Frontend(self._address, claim, self._proxy, self._certificates)
        try:
            await frontend.open()
        except OSError as error:
            if self._unbound.get(port) != str(error):
                log.error("port %d of %s cannot be opened: %s", port, self._address, error)
                self._unbound[port] = str(error)
            return
        self._unbound.pop(port, None)
        self._open[port] = frontend
        log.info(
            "port %d of %s: %s listener of load balancer %s",
            port, self._address, claim.listener.protocol, claim.balancer.name,
        )  # fmt: skip

    async def _close(self, port: int) -> None:
        frontend = self._open.pop(port)
        log.info("port %d: closed (%s)", port, frontend.claim.balancer.name)
        await frontend.close()

    def _report(self, conflicts: list[tuple[int, str, str]]) -> None:
        for port, owner, refused in conflicts:
            if (port, owner, refused) not in self._reported:
                log.warning(
                    "port %d: owned by load balancer %s; the listener of %s is not served, because the instance has "
                    "one address (give both Ingresses the same group.name, or end one)",
                    port, owner, refused,
                )  # fmt: skip
        self._reported = set(conflicts)
