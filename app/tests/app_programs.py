"""Test helpers: the settings of a service, and a flaskapp command as a process."""

from __future__ import annotations

import json
import signal
import subprocess
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import requests
from app_services import wait_until
from redis import Redis
from sqlalchemy import Engine

from flaskapp.config import Settings

SECRET_KEY = "test-secret-key-that-never-shows"


@dataclass
class Service:
    """Settings, with an engine and a Redis client to inspect the stored data."""

    environment: dict[str, str]
    settings: Settings
    engine: Engine
    redis: Redis


@dataclass
class Program:
    """A flaskapp command in its own process."""

    child: subprocess.Popen
    log: Path
    port: int
    metrics_port: int
    session: requests.Session = field(default_factory=requests.Session)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url(path), timeout=10)

    def metrics(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10).text

    def output(self) -> str:
        return self.log.read_text()

    def lines(self) -> list[dict[str, t.Any]]:
        """Return the log lines, all of which are JSON."""
        return [json.loads(line) for line in self.output().splitlines()]

    def wait_for(self, path: str, status: int = 200, seconds: float = 20) -> None:
        def answered() -> bool:
            assert self.child.poll() is None, f"it ended with {self.child.returncode}:\n{self.output()}"
            try:
                return self.get(path).status_code == status
            except requests.ConnectionError:
                return False

        wait_until(answered, f"{path} answers {status}:\n{self.output()}", seconds)

    def terminate(self, seconds: float = 20) -> int:
        """Send SIGTERM, as kubelet does, and return the exit status."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(timeout=seconds)


Start = t.Callable[..., Program]
