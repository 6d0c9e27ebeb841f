"""Run programs without a shell, log their output, and report failures with their cause."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

PODMAN_CONF = Path(__file__).with_name("podman") / "containers.conf"
TAIL_LINES = 15
ERROR_LINE = re.compile(r"(error|fatal)\b.*[: ]|\[kubelet-check\] .*not healthy", re.IGNORECASE)
QUICK_SECONDS = 300.0
"""Timeout of commands that usually take seconds, long enough for a machine that is busy building."""
LONG_SECONDS = 7200.0
"""Timeout of builds, pulls and pushes, which print their progress."""


class CommandError(Exception):
    """A program failed. The message contains the command, its exit code and its last lines."""


def podman_environment() -> dict[str, str]:
    """Return an environment for podman that ignores the configuration of the machine."""
    return {**os.environ, "CONTAINERS_CONF": str(PODMAN_CONF)}


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: str | None = None,
    timeout: float = QUICK_SECONDS,
) -> str:
    """Run a program and return its standard output. With `log`, append all output to that file.

    Raises CommandError if the program is missing, fails, or takes longer than `timeout` seconds.
    """
    words = [str(word) for word in command]
    try:
        result = subprocess.run(
            words,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise CommandError(f"{words[0]}: not found; run `make setup`, which installs all programs except Go") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{' '.join(words[:3])} …`: timed out after {timeout:.0f} s") from error
    if log is not None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(words)}\n{result.stdout}{result.stderr}")
    if result.returncode != 0:
        place = f" (full output: {log})" if log else ""
        told = cause(result.stdout + result.stderr)
        raise CommandError(f"`{' '.join(words[:6])}` failed with exit code {result.returncode}{place}:\n{told}")
    return result.stdout


def cause(output: str) -> str:
    """Return the error lines of an output, else its last lines.

    Programs that end with a stack trace, like kubeadm at kind's verbosity, print the error long before their last line.
    """
    lines = output.strip().splitlines()
    errors = [line for line in lines if ERROR_LINE.match(line)]
    return "\n".join((errors or lines)[-TAIL_LINES:])


def podman(
    *arguments: str | Path, log: Path | None = None, stdin: str | None = None, timeout: float = QUICK_SECONDS
) -> str:
    """Run podman with the configuration of the sandbox."""
    return run(["podman", *arguments], env=podman_environment(), log=log, stdin=stdin, timeout=timeout)
