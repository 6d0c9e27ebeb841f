"""Processes of an instance: found, signalled and ended, with real processes of an unused instance."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from flaskops_sandbox import lifecycle
from flaskops_sandbox.instance import Instance

INSTANCE = Instance("lifecycle-test", 49)
ALIVE = {"instance": INSTANCE.name, "registry": True, "servers": True}


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a Python process, by default with the token of the instance, and wait until it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str = "pass", name: str = INSTANCE.name, word: str = "") -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import signal, time; {code}; print(1, flush=True); time.sleep(60)", word],
            env={**os.environ, lifecycle.TOKEN: name},
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout and process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_processes_are_found_by_the_token_of_the_instance(spawn):
    ours, other = spawn(), spawn(name="lifecycle-test-2")
    found = lifecycle.processes(INSTANCE)
    assert ours.pid in found and other.pid not in found


def test_daemons_are_distinguished_and_ended_ones_ignored(spawn, monkeypatch):
    account = spawn(word="flaskops_sandbox.account")
    spawn(word="flaskops_sandbox.alb")
    found = lifecycle.processes(INSTANCE)
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr(lifecycle, "processes", lambda _: {gone.pid: "python", **found})
    assert lifecycle.daemon_pids(INSTANCE, "account") == [account.pid]


def test_process_is_terminated_first_then_killed(spawn, monkeypatch):
    """`polite` ends at the signal; `deaf` ignores it."""
    polite, deaf = spawn(), spawn("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    children = {child.pid: child for child in (polite, deaf)}
    # Ignore zombies: ended children that have not been waited for.
    monkeypatch.setattr(lifecycle, "processes", lambda _: {pid: "p" for pid, c in children.items() if c.poll() is None})
    lifecycle._end_processes(INSTANCE, lifecycle._polite, 0.5)
    assert (polite.poll(), deaf.poll()) == (-signal.SIGTERM, None)
    lifecycle._end_processes(INSTANCE, lambda _: signal.SIGKILL, 5)
    assert deaf.poll() == -signal.SIGKILL


@pytest.mark.parametrize(
    ("program", "wanted"),
    [("postgres", signal.SIGINT), ("redis-server", signal.SIGTERM), ("python", signal.SIGTERM), ("podman", 0)],
)
def test_signal_by_program(program, wanted):
    assert lifecycle._polite(program) == wanted


def answers(monkeypatch: pytest.MonkeyPatch, *what: dict[str, object] | Exception) -> None:
    """Set the successive responses of the account's health page."""
    pages = iter(what)

    def urlopen(*_: object, **__: object) -> io.BytesIO:
        page = next(pages)
        if isinstance(page, Exception):
            raise page
        return io.BytesIO(json.dumps(page).encode())

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_busy_account_is_not_dead(monkeypatch):
    answers(monkeypatch, TimeoutError(), ConnectionRefusedError(), ALIVE)
    monkeypatch.setattr(lifecycle, "daemon_pids", lambda *_: [1])
    assert lifecycle.healthy(INSTANCE, patience=60)


def test_dead_account_is_not_retried(monkeypatch):
    answers(monkeypatch, ConnectionRefusedError())
    monkeypatch.setattr(lifecycle, "daemon_pids", lambda *_: [])
    assert not lifecycle.healthy(INSTANCE, patience=60)


def test_new_account_without_proc_entry_is_retried(monkeypatch):
    """/proc has no arguments and environment of a process until the kernel has loaded it."""
    answers(monkeypatch, ConnectionRefusedError(), ALIVE)
    monkeypatch.setattr(lifecycle, "daemon_pids", lambda *_: [])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as account:
        lifecycle._wait_for_account(INSTANCE, account)


def test_new_account_that_exits_is_not_retried(monkeypatch, tmp_path):
    answers(monkeypatch, ConnectionRefusedError())
    monkeypatch.setattr(Instance, "log_dir", tmp_path)
    (tmp_path / "account.log").write_text("address in use")
    account = subprocess.Popen(["true"])
    account.wait()
    with pytest.raises(lifecycle.LifecycleError, match="address in use"):
        lifecycle._wait_for_account(INSTANCE, account)


@pytest.mark.parametrize("wrong", [{"instance": "other"}, {"registry": False}, {"servers": False}])
def test_account_without_servers_or_of_another_instance_is_unhealthy(wrong, monkeypatch):
    answers(monkeypatch, ALIVE | wrong)
    assert not lifecycle.healthy(INSTANCE)


@pytest.mark.parametrize(
    ("networks", "subnet", "changes"),
    [
        ("podman", "", ["create"]),
        ("podman flaskops-lifecycle-test", INSTANCE.network_subnet, []),
        ("podman flaskops-lifecycle-test", "172.30.7.0/24", ["rm", "create"]),
        ("podman flaskops-lifecycle-test-2", "", ["create"]),
    ],
)
def test_network_has_the_range_of_the_instance(networks, subnet, changes, monkeypatch):
    done: list[str] = []

    def podman(_: str, verb: str, *words: str) -> str:
        if verb in ("ls", "inspect"):
            return {"ls": networks, "inspect": f"{subnet}\n"}[verb]
        done.append(verb)
        assert words[-1] == INSTANCE.network
        return ""

    monkeypatch.setattr(lifecycle, "podman", podman)
    lifecycle._ensure_network(INSTANCE)
    assert done == changes
