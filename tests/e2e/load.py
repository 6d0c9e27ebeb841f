"""Requests at a steady rate while something else happens, and which of them were lost."""

from __future__ import annotations

import collections
import http.client
import socket
import ssl
import threading
import time
from pathlib import Path

PATHS = ("/status", "/tasks?limit=1")
THREADS = 4
TIMEOUT = 10
"""Seconds; longer than any request takes on a busy machine, so that a slow answer is not called a lost one."""


class Load:
    """A context in which requests run. Every answer but 200 and every exception is a lost request.

    Half of the threads keep their connection, as a browser or a proxy does; the others open one for each request.
    """

    def __init__(self, host: str, address: str, ca_file: Path, rate: int = 30) -> None:
        self.answers: collections.Counter[str] = collections.Counter()
        self.slowest = 0.0
        self.losses: list[str] = []
        self._began = time.monotonic()
        self._host, self._address = host, address
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._pause = THREADS / rate
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number % 2 == 0,)) for number in range(THREADS)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def sent(self) -> int:
        return self.answers.total()

    @property
    def lost(self) -> dict[str, int]:
        return {answer: count for answer, count in self.answers.items() if answer != "200"}

    def _run(self, keeps: bool) -> None:
        connection: http.client.HTTPSConnection | None = None
        number = 0
        while not self._ended.is_set():
            began = time.monotonic()
            if connection is None:
                connection = _Connection(self._host, self._address, self._context)
            answer = self._ask(connection, PATHS[number % len(PATHS)])
            number += 1
            with self._lock:
                self.answers[answer] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                if answer != "200":
                    self.losses.append(f"{began - self._began:.1f} s: {answer}")
            if not keeps or answer != "200":
                connection.close()
                connection = None
            self._ended.wait(max(0.0, began + self._pause - time.monotonic()))

    @staticmethod
    def _ask(connection: http.client.HTTPSConnection, path: str) -> str:
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        return str(answer.status)


class _Connection(http.client.HTTPSConnection):
    """HTTPS to a host by name, at an address that no name server knows."""

    def __init__(self, host: str, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, timeout=TIMEOUT, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
