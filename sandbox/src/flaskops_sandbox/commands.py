"""Running other programs: never through a shell, output to a log, a failure that names its cause."""

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
"""The limit of what usually ends within seconds, wide enough for a machine that is busy building."""
LONG_SECONDS = 7200.0
"""The limit of builds, pulls and pushes, which tell that they are alive."""


class CommandError(Exception):
    """A program failed; the text holds the command, its exit code and its last lines."""


def podman_environment() -> dict[str, str]:
    """The environment in which podman works here without touching the machine's own configuration."""
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
    """Run to the end and return standard output. With `log`, everything printed is appended there too.

    Raises CommandError when the program is missing, fails, or takes longer than `timeout` seconds.
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
        raise CommandError(f"{words[0]} is not there: `make setup` installs what is missing, all but Go") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"`{' '.join(words[:3])} …` did not end within {timeout:.0f} s") from error
    if log is not None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(words)}\n{result.stdout}{result.stderr}")
    if result.returncode != 0:
        place = f" (all of it in {log})" if log else ""
        told = cause(result.stdout + result.stderr)
        raise CommandError(f"`{' '.join(words[:6])}` ended with {result.returncode}{place}:\n{told}")
    return result.stdout


def cause(output: str) -> str:
    """The lines that say what went wrong: those that call themselves errors, else the last ones.

    A program that ends with a stack trace, as kubeadm does at kind's verbosity, says so long before its last line.
    """
    lines = output.strip().splitlines()
    errors = [line for line in lines if ERROR_LINE.match(line)]
    return "\n".join((errors or lines)[-TAIL_LINES:])


def podman(
    *arguments: str | Path, log: Path | None = None, stdin: str | None = None, timeout: float = QUICK_SECONDS
) -> str:
    """Run podman with the sandbox's configuration."""
    return run(["podman", *arguments], env=podman_environment(), log=log, stdin=stdin, timeout=timeout)
