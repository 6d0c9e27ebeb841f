"""The sandbox instance of molecule and the end-to-end tests. `make up` uses a different instance."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from system import PROGRAMS, System, carrying

INSTANCE = "test"
LOCK = Path("/run/flaskops-eks-test.lock")


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    assert os.geteuid() == 0, "the sandbox needs root; run `make test` as root"
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pytest.fail("another `make test` is running on this machine; wait until it ends")
        made = System(INSTANCE, tmp_path_factory.mktemp("e2e"))
        _clean(made)
        made.arguments.start()
        try:
            started = made.sandbox("up")
            assert started.code == 0, started.output
            yield made
        finally:
            if not os.environ.get("FLASKOPS_KEEP"):
                _clean(made)


def _clean(system: System) -> None:
    """Remove the remains of a killed run: its playbooks, the instance and molecule's state."""
    for pid in set(carrying(f"FLASKOPS_INSTANCE={INSTANCE}".encode())) - _ancestors():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert system.sandbox("down").code == 0
    for scenario in ("default", "flask_app"):
        system.run(PROGRAMS / "molecule", "reset", "-s", scenario, log="molecule-reset")


def _ancestors() -> set[int]:
    """Return this process and its ancestors, because the variable may be set in the user's shell."""
    found, pid = set(), os.getpid()
    while pid > 0:
        found.add(pid)
        # proc(5): "pid (comm) state ppid ..."; comm may hold spaces and brackets.
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return found
