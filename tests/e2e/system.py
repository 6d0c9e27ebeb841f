"""The sandbox instance of the end-to-end tests, accessed from outside as a user would."""

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
    """A finished program: exit code and output."""

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
    """Commands against one instance. Long outputs are written to files that failures name."""

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
        """Run a command in the checkout and print its progress every 30 seconds."""
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
                if process.poll() is None:  # the test run is being interrupted
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        seconds = time.monotonic() - started
        say(f"{log}: exit {process.returncode} after {seconds:.0f} s")
        return Run(process.returncode, target.read_text(encoding="utf-8", errors="replace"), seconds)

    def kill_when(self, marker: str, *command: str | Path, log: str) -> None:
        """Start a program and SIGKILL it with all its children when `marker` appears in its output.

        Ansible's workers have their own sessions and would continue, so kill every process with this run's token in
        its environment, as the end of a CI container does.
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
                assert time.monotonic() < deadline, f"{marker!r} did not appear:\n{output[-3000:]}"
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
        """Return a new file for each run, so that all outputs can be searched at the end."""
        number = len(list(self.folder.glob(f"{name}*.log")))
        return self.folder / f"{name}{f'-{number + 1}' if number else ''}.log"

    def sandbox(self, command: str, *arguments: str) -> Run:
        return self.run(sys.executable, "-m", "flaskops_sandbox", command, *arguments, log=f"sandbox-{command}")

    def playbook(self, playbook: str, *arguments: str, log: str) -> Run:
        words = [PROGRAMS / "ansible-playbook", playbook, "-i", "inventories/local", *arguments]
        return self.run(*words, log=log)

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the API calls after call number `since`."""
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
        """Run kubectl with the kubeconfig of the chain, which uses an EKS token."""
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
    """Return the pids of processes with `token` in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if token in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def say(text: str) -> None:
    """Print progress to the terminal, bypassing pytest's capturing."""
    print(f"    {text}", file=sys.__stderr__, flush=True)


def _progress(log: Path) -> str:
    """Return the running task, or the last line of a program without tasks."""
    text = log.read_text(encoding="utf-8", errors="replace")
    tasks = re.findall(r"^TASK \[(.*)\]", text, re.M)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return str((tasks or lines or [""])[-1])
