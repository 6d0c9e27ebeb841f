"""The access log: one JSON line per request in alb-access.log, without headers, bodies and query."""

from __future__ import annotations

import json
import logging
import logging.handlers
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

MAX_BYTES = 20_000_000


@dataclass
class AccessEntry:
    """One request. Statuses are 0 until known; `error` is the reason for a response of the load balancer itself."""

    elb: str
    listener_port: int
    client: str
    method: str
    host: str
    path: str
    rule: str = ""
    target_group: str = ""
    target: str = ""
    elb_status: int = 0
    target_status: int = 0
    seconds: float = 0.0
    sent_bytes: int = 0
    error: str = ""


class AccessLog:
    """Appends entries. Three files of 20 MB are kept, so that a load test does not fill the disk."""

    def __init__(self, path: Path) -> None:
        self._handler = logging.handlers.RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=2, encoding="utf-8")
        self._logger = logging.Logger("flaskops_sandbox.alb.access")
        self._logger.addHandler(self._handler)

    def write(self, entry: AccessEntry) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._logger.info(json.dumps({"time": time, **asdict(entry)}))

    def close(self) -> None:
        self._handler.close()
