"""The data plane service: polls ELBv2, updates sockets and targets, reports target health."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from flaskops_sandbox.alb import target_health
from flaskops_sandbox.alb.access_log import AccessLog
from flaskops_sandbox.alb.frontends import Frontends
from flaskops_sandbox.alb.model import Snapshot
from flaskops_sandbox.alb.proxy import Proxy
from flaskops_sandbox.alb.targets import Targets
from flaskops_sandbox.alb.tls import Certificates

log = logging.getLogger("flaskops_sandbox.alb")

POLL_EVERY = 1.0


class Place(Protocol):
    """What the data plane needs to know of an instance."""

    @property
    def address(self) -> str: ...
    @property
    def run_dir(self) -> Path: ...
    @property
    def log_dir(self) -> Path: ...
    @property
    def certs_dir(self) -> Path: ...


class Service:
    """One data plane. `read` gives the present snapshot and may block; it is called from a thread."""

    def __init__(self, place: Place, read: Callable[[], Snapshot], poll_every: float = POLL_EVERY) -> None:
        self._read = read
        self._poll_every = poll_every
        self._health_file = place.run_dir / target_health.FILE_NAME
        self._access_log = AccessLog(place.log_dir / "alb-access.log")
        self.targets = Targets(self._report)
        proxy = Proxy(self.targets, self._access_log)
        self._frontends = Frontends(place.address, proxy, Certificates(place.certs_dir))
        self._trouble = ""

    def _report(self) -> None:
        target_health.write(self._health_file, self.targets.entries())

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; then close everything and take the health report back."""
        try:
            while not stop.is_set():
                await self._once()
                try:
                    await asyncio.wait_for(stop.wait(), self._poll_every)
                except TimeoutError:
                    continue
        finally:
            await self._frontends.close()
            await self.targets.close()
            self._health_file.unlink(missing_ok=True)
            self._access_log.close()

    async def _once(self) -> None:
        try:
            snapshot = await asyncio.to_thread(self._read)
        except (BotoCoreError, ClientError, ResponseParserError, KeyError, ValueError) as error:
            # Keep serving the last known state, as on AWS when the API is down or a resource is not supported.
            if str(error) != self._trouble:
                log.warning("ELBv2 cannot be read, going on with what is known: %s: %s", type(error).__name__, error)
                self._trouble = str(error)
            self._report()
            return
        if self._trouble:
            log.info("ELBv2 can be read again")
            self._trouble = ""
        await self.targets.apply(snapshot)
        await self._frontends.apply(snapshot)
        self._report()
