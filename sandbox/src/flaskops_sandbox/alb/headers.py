"""Headers that the load balancer adds, removes and forwards. Pure functions, except for the random trace id.

After "HTTP headers and Application Load Balancers" and "Request tracing" in the user guide.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable

from multidict import CIMultiDict, CIMultiDictProxy

# Headers that belong to one connection, not to the message (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip


def end_to_end(headers: CIMultiDictProxy[str] | CIMultiDict[str]) -> CIMultiDict[str]:
    """A copy without the connection's own headers and without those that Connection names."""
    named = {name.strip().lower() for value in headers.getall("Connection", []) for name in value.split(",")}
    dropped = HOP_BY_HOP | named
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)


def trace_id(now: float | None = None) -> str:
    """A fresh Root id: version, time in seconds, 96 random bits."""
    return f"1-{int(time.time() if now is None else now):08x}-{secrets.token_hex(12)}"


def traced(sent: str | None, new_id: str) -> str:
    """X-Amzn-Trace-Id for the target: a Root of the client's is kept and ours goes before it as Self."""
    if not sent:
        return f"Root={new_id}"
    kept = ";".join(part for part in sent.split(";") if part.strip() and not part.strip().startswith("Self="))
    if re.search(r"(^|;)\s*Root=", kept):
        return f"Self={new_id};{kept}"
    return f"Root={new_id};{kept}" if kept else f"Root={new_id}"


def forwarded_for(sent: Iterable[str], client: str, mode: str) -> str | None:
    """X-Forwarded-For by the load balancer's xff_header_processing.mode; None leaves the header out."""
    before = [value.strip() for value in sent if value.strip()]
    if mode == "remove":
        return None
    if mode == "preserve":
        return ", ".join(before) or None
    return ", ".join([*before, client])


def to_target(
    received: CIMultiDictProxy[str],
    client: str,
    protocol: str,
    port: int,
    mode: str = "append",
    new_trace_id: str | None = None,
) -> CIMultiDict[str]:
    """The request's headers as the target gets them. `client` may hold the client's port."""
    headers = end_to_end(received)
    headers.popall("Expect", None)  # answered here already
    addresses = forwarded_for(received.getall("X-Forwarded-For", []), client, mode)
    headers.popall("X-Forwarded-For", None)
    if addresses is not None:
        headers["X-Forwarded-For"] = addresses
    headers["X-Forwarded-Proto"] = protocol
    headers["X-Forwarded-Port"] = str(port)
    headers["X-Amzn-Trace-Id"] = traced(received.get("X-Amzn-Trace-Id"), new_trace_id or trace_id())
    return headers
