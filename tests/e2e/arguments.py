"""Record the arguments of every process during the tests, as `ps` shows them to all users."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

LOOK_EVERY = 0.02
"""Polling interval in seconds. Processes with a shorter life are not recorded."""
LOOKS = 3
"""Number of reads per process, because between fork and exec it shows the arguments of its parent."""


class ArgumentWatch:
    """Collects the arguments of all processes in a thread until the test run ends."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._looks: dict[str, int] = {}

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def holds(self, value: str) -> bool:
        """Whether any program was started with `value` in its arguments."""
        wanted = value.encode()
        return any(wanted in arguments for arguments in self.seen.copy())

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EVERY):
            self.look()

    def look(self) -> None:
        pids = {entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()}
        self._looks = {pid: count for pid, count in self._looks.items() if pid in pids}
        for pid in pids:
            if self._looks.get(pid, 0) < LOOKS:
                self._looks[pid] = self._looks.get(pid, 0) + 1
                with contextlib.suppress(OSError):  # the process has ended
                    self.seen.add(Path("/proc", pid, "cmdline").read_bytes())
