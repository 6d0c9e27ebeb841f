"""The log of all API calls: principal, service, action, whether it is a changing call, and status.

It contains no bodies and no secrets: action and principal are names.
"""

from __future__ import annotations

import datetime
import json
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEPT_IN_MEMORY = 50_000

# Prefixes of read-only actions. AWS has no list; these are the verbs of the services in use.
READING_VERBS = (
    "Describe", "Get", "List", "Head", "BatchGet", "BatchCheck", "BatchDescribe", "Search", "Lookup", "Select",
    "Query", "Scan", "Simulate", "Test", "Validate", "Verify", "Filter", "Estimate", "Check", "Decode", "View",
)  # fmt: skip
# Other read-only actions.
READING_ACTIONS = frozenset({
    "AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "Encrypt", "Decrypt", "ReEncrypt", "Sign",
    "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "GenerateMac", "DownloadDBLogFilePortion",
    "FilterLogEvents", "StartQuery",
})  # fmt: skip


def is_mutating(action: str) -> bool:
    """Whether an API action changes the account."""
    if " " in action:  # "METHOD /path": an operation without a model
        return action.split(" ", 1)[0] not in ("GET", "HEAD", "OPTIONS")
    return action not in READING_ACTIONS and not action.startswith(READING_VERBS)


class CallLog:
    """Appends to log_dir/calls.jsonl and keeps the latest entries for GET /_sandbox/calls."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT_IN_MEMORY)
        self._sequence = 0
        self._stream = path.open("a", encoding="utf-8", buffering=1)

    def add(
        self, *, service: str, action: str, principal: str, mutating: bool, status: int, error: str, request_id: str
    ) -> None:
        """Add a completed call. `status` is the HTTP status, `error` the AWS error code or empty."""
        with self._lock:
            self._sequence += 1
            entry = {
                "sequence": self._sequence,
                "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
                "service": service,
                "action": action,
                "principal": principal,
                "mutating": mutating,
                "status": status,
                "error": error,
                "request_id": request_id,
            }
            self._entries.append(entry)
            self._stream.write(json.dumps(entry) + "\n")

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """Return entries with a greater sequence number, oldest first."""
        with self._lock:
            return list(self._newer(sequence))

    def _newer(self, sequence: int) -> Iterator[dict[str, Any]]:
        return (entry for entry in self._entries if entry["sequence"] > sequence)

    def close(self) -> None:
        self._stream.close()
