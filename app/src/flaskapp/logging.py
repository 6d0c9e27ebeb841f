"""JSON logs on standard output, each line with its request id."""

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
    """Return the trace id set by the load balancer, or a new id. Other client text never reaches the log."""
    found = _TRACE_ROOT.search(trace_header or "")
    return found.group(1) if found else uuid.uuid4().hex


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        current = request_id.get()
        if current is not None:
            record.request_id = current
        return True


def configure(level: str, **fields: str) -> None:
    """Log messages of at least `level` to standard output as JSON, each line with `fields`."""
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
    # Alembic logs plugins and context at every check; cli.py logs the result of a migration.
    logging.getLogger("alembic").setLevel(logging.WARNING)


class GunicornLogger(GunicornBase):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn messages through our handler. web.py writes the access log, with request id and route."""

    def setup(self, cfg: t.Any) -> None:
        """Keep the handlers that `configure` set up before gunicorn started."""
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        # Log start, stop and failure regardless of the application's level.
        self.error_log.setLevel(logging.INFO)
        self._access_log_enabled = False
