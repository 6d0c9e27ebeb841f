"""JSON lines on standard output, each with the id of the request that it belongs to."""

from __future__ import annotations

import logging
import re
import sys
import typing as t
import uuid
from contextvars import ContextVar

from gunicorn.glogging import Logger as GunicornBase
from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# The ALB writes X-Amzn-Trace-Id: Root=1-<8 hex>-<24 hex>[;Self=...] (Elastic Load Balancing, "Request tracing").
_TRACE_ROOT = re.compile(r"(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)")


def request_id_of(trace_header: str | None) -> str:
    """Return the trace id that the load balancer gave, or a new one; foreign text never reaches the log this way."""
    found = _TRACE_ROOT.search(trace_header or "")
    return found.group(1) if found else uuid.uuid4().hex


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        current = request_id.get()
        if current is not None:
            record.request_id = current
        return True


def configure(level: str, **fields: str) -> None:
    """Send everything from `level` up to standard output as JSON, each line with `fields`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_RequestId())
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "error"},
            static_fields={name: value for name, value in fields.items() if value},
            timestamp="time",
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # Alembic tells about its plugins and its context at each look; cli.py says what a migration did.
    logging.getLogger("alembic").setLevel(logging.WARNING)


class GunicornLogger(GunicornBase):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's messages through our handler; its access log is ours too (web.py), with the request id and route."""

    def setup(self, cfg: t.Any) -> None:
        """Leave the handlers alone: `configure` has set them up before gunicorn started."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        # Starting, stopping and failing are worth a line whatever the level of the application is.
        self.error_log.setLevel(logging.INFO)
        self._access_log_enabled = False
