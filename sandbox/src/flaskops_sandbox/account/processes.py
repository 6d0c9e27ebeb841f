"""The servers started by the account: registry, databases, caches.

Each has its own session, so signals of the terminal do not reach it. It inherits the environment of the account, by
which `down` finds it even after the account was killed.
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
    """A server could not be started. The message contains its name, the cause and its log."""


@dataclass
class _Child:
    popen: subprocess.Popen[bytes]
    stop_signal: signal.Signals


class Processes:
    """Starts, monitors and stops the servers of the account, one per name."""

    def __init__(self, log_dir: Path) -> None:
        self.log_dir = log_dir
        self._lock = threading.Lock()
        self._children: dict[str, _Child] = {}
        self._ports: dict[str, int] = {}

    def reserve_port(self, name: str, address: str, first: int) -> int:
        """Reserve the next free TCP port of `address`, starting at `first`, for `name`."""
        with self._lock:
            taken = set(self._ports.values())
            for port in range(first, first + 200):
                if port not in taken and _is_free(address, port):
                    self._ports[name] = port
                    return port
        raise ProcessError(f"no free port for {name} on {address} from {first} to {first + 199}")

    def release_port(self, name: str) -> None:
        """Release a port."""
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
        """Start a server and return when `ready()` is true. Raises ProcessError if it is missing, exits or times out.

        `user` is the system user of the process; its output is written to log_dir/<name>.log.
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
            raise ProcessError(f"{words[0]}: is not installed, but {name} needs it; run `make setup`") from error
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
        """Whether all started servers are running, except those that were stopped."""
        with self._lock:
            return all(child.popen.poll() is None for child in self._children.values())

    def alive(self, name: str) -> bool:
        """Whether the server is running."""
        return self.pid(name) is not None

    def pid(self, name: str) -> int | None:
        """Return the pid of a server; None if it is not running."""
        with self._lock:
            child = self._children.get(name)
        return child.popen.pid if child is not None and child.popen.poll() is None else None

    def stop(self, name: str, timeout: float = 20.0) -> None:
        """Stop a server, if it exists. Kill it after `timeout` seconds."""
        with self._lock:
            child = self._children.pop(name, None)
        if child is not None:
            if child.popen.poll() is None:
                child.popen.send_signal(child.stop_signal)
            try:
                child.popen.wait(timeout)
            except subprocess.TimeoutExpired:
                # Kill the session, because children of PostgreSQL would keep the port open.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.popen.pid, signal.SIGKILL)
                child.popen.wait()

    def stop_all(self) -> None:
        """Stop all servers concurrently."""
        with self._lock:
            names = list(self._children)
        threads = [threading.Thread(target=self.stop, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def answers(address: str, port: int) -> bool:
    """Whether the port accepts connections."""
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
