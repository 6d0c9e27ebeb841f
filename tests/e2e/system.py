"""One instance of the sandbox for all end-to-end tests, and how they look at it: as a user would, from outside."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import boto3
from arguments import ArgumentWatch

from flaskops_sandbox.instance import Instance

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / ".venv" / "bin"
RECAP = re.compile(r"^localhost\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.M)


@dataclasses.dataclass
class Run:
    """A finished program: its exit code and everything it printed."""

    code: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        return int(self._recap[1])

    @property
    def failed(self) -> int:
        return int(self._recap[2]) + int(self._recap[3])

    @property
    def _recap(self) -> tuple[str, ...]:
        found = RECAP.findall(self.output)
        assert found, f"no recap in the output:\n{self.output[-3000:]}"
        return tuple(found[-1])


class System:
    """Commands against one instance. Long outputs go to files of the test's own folder, which failures name."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.arguments = ArgumentWatch()
        self.environment = {
            **os.environ,
            "FLASKOPS_INSTANCE": name,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "NO_COLOR": "1",
        }

    @property
    def instance(self) -> Instance:
        return Instance.load(self.name)

    def run(self, *command: str | Path, log: str) -> Run:
        """Run in the checkout to its end, telling every half minute that it still runs."""
        target = self._log(log)
        say(f"{log}: {' '.join(str(word) for word in command[:6])}")
        started = time.monotonic()
        with target.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env=self.environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            told = started
            try:
                while process.poll() is None:
                    time.sleep(0.2)
                    if time.monotonic() - told > 30:
                        told = time.monotonic()
                        say(f"{log}: {told - started:.0f} s; {_progress(target)}")
            finally:
                if process.poll() is None:  # the test run itself is being ended
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        seconds = time.monotonic() - started
        say(f"{log}: exit {process.returncode} after {seconds:.0f} s")
        return Run(process.returncode, target.read_text(encoding="utf-8", errors="replace"), seconds)

    def kill_when(self, marker: str, *command: str | Path, log: str) -> None:
        """Start a program and SIGKILL it and all its children once `marker` stands in its output.

        Ansible's workers have sessions of their own and would finish their work, so everything that carries this
        run's token in its environment is killed, as the end of a CI job's container would.
        """
        token = f"FLASKOPS_TEST_RUN={uuid.uuid4()}"
        name, _, value = token.partition("=")
        target = self._log(log)
        say(f"{log}: {' '.join(str(word) for word in command[:6])}, killed at {marker!r}")
        with target.open("w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env={**self.environment, name: value},
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            deadline = time.monotonic() + 900
            while marker not in target.read_text(encoding="utf-8", errors="replace"):
                output = target.read_text(encoding="utf-8", errors="replace")
                assert process.poll() is None, f"ended before {marker!r}:\n{output[-3000:]}"
                assert time.monotonic() < deadline, f"{marker!r} did not come:\n{output[-3000:]}"
                time.sleep(0.1)
            while left := carrying(token.encode()):
                for pid in left:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                process.poll()
                time.sleep(0.1)
            process.wait()
        say(f"{log}: killed")

    def _log(self, name: str) -> Path:
        """A file of its own for each run, so that every output is still there to be looked through at the end."""
        number = len(list(self.folder.glob(f"{name}*.log")))
        return self.folder / f"{name}{f'-{number + 1}' if number else ''}.log"

    def sandbox(self, command: str, *arguments: str) -> Run:
        return self.run(sys.executable, "-m", "flaskops_sandbox", command, *arguments, log=f"sandbox-{command}")

    def playbook(self, playbook: str, *arguments: str, log: str) -> Run:
        words = [PROGRAMS / "ansible-playbook", playbook, "-i", "inventories/local", *arguments]
        return self.run(*words, log=log)

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """What was asked of the account after the call number `since`."""
        with urllib.request.urlopen(f"{self.instance.aws_endpoint_url}/_sandbox/calls?since={since}") as answer:
            return list(json.load(answer)["calls"])

    def last_call(self) -> int:
        return max((call["sequence"] for call in self.calls()), default=0)

    def client(self, service: str) -> Any:
        keys = self.instance.credentials()["deployer"]
        return boto3.client(
            service,
            region_name=self.instance.region,
            endpoint_url=self.instance.aws_endpoint_url,
            aws_access_key_id=keys["access_key"],
            aws_secret_access_key=keys["secret_key"],
        )

    def kubectl(self, *arguments: str, kubeconfig: Path | None = None) -> subprocess.CompletedProcess[str]:
        """kubectl with the kubeconfig that the chain made, so with an EKS token."""
        config = kubeconfig or self.instance.state_dir / "kubeconfig"
        program = self.instance.facts()["kubectl"]
        return subprocess.run(
            [program, "--kubeconfig", str(config), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=self.environment,
        )


def carrying(token: bytes) -> list[int]:
    """Pids of processes whose environment holds `token`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if token in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def say(text: str) -> None:
    """To the person who watches the run, past pytest's capturing."""
    print(f"    {text}", file=sys.__stderr__, flush=True)


def _progress(log: Path) -> str:
    """The task that runs; of a program without tasks, the last line that it printed."""
    text = log.read_text(encoding="utf-8", errors="replace")
    tasks = re.findall(r"^TASK \[(.*)\]", text, re.M)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return str((tasks or lines or [""])[-1])
