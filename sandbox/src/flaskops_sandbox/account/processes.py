"""The servers that the account starts: registry, databases, caches.

Each is detached from the terminal's signals (a session of its own). It keeps the account's environment, by which
`sandbox down` finds it even when the account was killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

READY_PAUSE_SECONDS = 0.1


class ProcessError(Exception):
    """A server could not be started; the text names it, the cause and its log."""


@dataclass
class _Child:
    popen: subprocess.Popen[bytes]
    stop_signal: signal.Signals


class Processes:
    """Starts, watches and ends the account's servers; one per name."""

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self._lock = threading.Lock()
        self._children: dict[str, _Child] = {}
        self._ports: dict[str, int] = {}

    def reserve_port(self, name: str, address: str, first: int) -> int:
        """The next free TCP port of `address` from `first` up, kept for `name` until it is released."""
        with self._lock:
            taken = set(self._ports.values())
            for port in range(first, first + 200):
                if port not in taken and _is_free(address, port):
                    self._ports[name] = port
                    return port
        raise ProcessError(f"no free port for {name} on {address} from {first} to {first + 199}")

    def release_port(self, name: str) -> None:
        """Give a port back."""
        with self._lock:
            self._ports.pop(name, None)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        ready: Callable[[], bool],
        user: str | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        timeout: float = 30.0,
    ) -> None:
        """Start a server and return when `ready()` holds. ProcessError when it is missing, ends or stays silent.

        `user` is the system user that it runs as; its output goes to log_dir/<name>.log.
        """
        words = [str(word) for word in command]
        log = self.log_dir / f"{name}.log"
        try:
            with log.open("ab") as stream:
                popen = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=stream,
                    cwd=cwd,
                    user=user,
                    group=user,
                    extra_groups=[] if user else None,
                    start_new_session=True,
                )
        except FileNotFoundError as error:
            raise ProcessError(f"{words[0]} is not installed, so {name} cannot start: run `make setup`") from error
        with self._lock:
            self._children[name] = _Child(popen, stop_signal)
        deadline = time.monotonic() + timeout
        while not ready():
            if popen.poll() is not None:
                self.stop(name)
                raise ProcessError(f"{name} ended with {popen.returncode} while starting; its log is {log}")
            if time.monotonic() > deadline:
                self.stop(name)
                raise ProcessError(f"{name} did not answer within {timeout:.0f} s; its log is {log}")
            time.sleep(READY_PAUSE_SECONDS)

    def all_alive(self) -> bool:
        """Whether every server that was started and not ended on purpose still runs."""
        with self._lock:
            return all(child.popen.poll() is None for child in self._children.values())

    def alive(self, name: str) -> bool:
        """Whether the server of that name runs."""
        return self.pid(name) is not None

    def pid(self, name: str) -> int | None:
        """The process id of the server of that name; None when it does not run."""
        with self._lock:
            child = self._children.get(name)
        return child.popen.pid if child is not None and child.popen.poll() is None else None

    def stop(self, name: str, timeout: float = 20.0) -> None:
        """End a server politely, then by force after `timeout` seconds. Nothing happens when it is not there."""
        with self._lock:
            child = self._children.pop(name, None)
        if child is not None:
            if child.popen.poll() is None:
                child.popen.send_signal(child.stop_signal)
            try:
                child.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                # The whole session: PostgreSQL's children would otherwise hold the port.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.popen.pid, signal.SIGKILL)
                child.popen.wait()

    def stop_all(self) -> None:
        """End every server, all at the same time."""
        with self._lock:
            names = list(self._children)
        threads = [threading.Thread(target=self.stop, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def answers(address: str, port: int) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1.0):
        return True
    return False


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
