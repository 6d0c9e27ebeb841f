"""Every program's arguments while the tests run: what `ps` would have shown to anyone on the machine."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

LOOK_EVERY = 0.02
"""Seconds. A program lives longer than this; what does not, nobody else can read either, save by luck."""
LOOKS = 3
"""A process is read more than once: between fork and exec it still shows its parent's arguments."""


class ArgumentWatch:
    """Collects the arguments of all processes of the machine in a thread of its own, until the test run ends."""

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
                with contextlib.suppress(OSError):  # it ended while we looked
                    self.seen.add(Path("/proc", pid, "cmdline").read_bytes())
