"""The sandbox's commands: `python -m sandbox up|deploy|down|status|logs|collect|build`."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sandbox import evidence, lifecycle, preflight, summary
from sandbox.commands import CommandError
from sandbox.console import complain, duration, say
from sandbox.images import build as images
from sandbox.instance import Instance, InstanceError, default_name, state_root
from sandbox.kubernetes.cluster import ClusterError
from sandbox.toolchain import cache_root

EXPECTED = (CommandError, InstanceError, ClusterError, lifecycle.LifecycleError)


def up(arguments: argparse.Namespace) -> int:
    """Build what is missing and start the instance; running already is fine."""
    preflight.refuse_bad_name(arguments.instance)
    with _alone(arguments.instance):
        return _up(arguments.instance)


def _up(name: str) -> int:
    known = name in Instance.names()
    instance = Instance.make(name) if known else Instance(name, 0)
    if known and not lifecycle.healthy(instance):
        for what in lifecycle.remains(instance):
            say(f"  left over from an earlier run: {what}")
        say(f"The account of instance {name!r}, or a server of it, has died, and what it knew is gone: starting empty.")
        lifecycle.end(instance)
        known = False
    if not known:
        refused = preflight.problems(Instance(name, _next_index(name)))
        if refused:
            for problem in refused:
                complain(f"refused: {problem}")
            return 2
    built = _build()
    instance = Instance.make(name)
    lifecycle.start(instance, built)
    say(f"Sandbox {name!r} is up: AWS at {instance.aws_endpoint_url}, load balancer at {instance.address}.")
    return 0


def deploy(arguments: argparse.Namespace) -> int:
    """What `make up` does: the sandbox, then site.yml over it, then how to reach what runs."""
    started = time.monotonic()
    say(f"1/2 Sandbox, instance {arguments.instance!r}")
    code = up(arguments)
    if code:
        return code
    sandbox_seconds = time.monotonic() - started
    say("2/2 ansible-playbook site.yml -i inventories/local")
    instance = Instance.load(arguments.instance)
    playbook = Path(sys.executable).with_name("ansible-playbook")
    command = [str(playbook), "site.yml", "-i", "inventories/local", *arguments.rest]
    environment = {**os.environ, "FLASKOPS_INSTANCE": instance.name}
    code = subprocess.run(command, cwd=lifecycle.ROOT, env=environment, check=False).returncode
    if code:
        complain(f"site.yml failed. What happened is in {evidence.collect(instance)}")
        return code
    total = time.monotonic() - started
    say(summary.text(instance))
    say(f"Sandbox {duration(sandbox_seconds)}, site.yml {duration(total - sandbox_seconds)}, all {duration(total)}.")
    return 0


def down(arguments: argparse.Namespace) -> int:
    """End the instance; one that is not there is fine."""
    preflight.refuse_bad_name(arguments.instance)
    with _alone(arguments.instance):
        if arguments.instance not in Instance.names():
            say(f"There is no sandbox instance {arguments.instance!r}.")
            return 0
        instance = Instance.make(arguments.instance)
        say(f"Ending sandbox instance {instance.name!r}")
        lifecycle.end(instance)
    say("Nothing of it is left. Built programs and images stay, for the next `make up`.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """What runs and how to reach it."""
    instance = Instance.load(arguments.instance)
    if not lifecycle.healthy(instance):
        complain(f"instance {instance.name!r}: the account does not answer; `make up` starts it empty")
        return 1
    say(summary.text(instance))
    return 0


def logs(arguments: argparse.Namespace) -> int:
    """The last lines of every log of the instance."""
    instance = Instance.load(arguments.instance)
    for log in sorted(instance.log_dir.glob("*.log")):
        say(f"==> {log}")
        say("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-arguments.lines :]))
    return 0


def collect(arguments: argparse.Namespace) -> int:
    """Gather logs, events and the state of pods into one folder, and name it."""
    say(f"Evidence: {evidence.collect(Instance.load(arguments.instance))}")
    return 0


def build(_: argparse.Namespace) -> int:
    """Only the slow part that is done once a machine."""
    _build()
    return 0


def _build() -> images.Built:
    """One build at a time on a machine: a second one waits, then finds everything done."""
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another build runs on this machine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        return images.ensure(root / "build.log")


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """One command at a time may start or end an instance."""
    root = state_root()
    if not root.exists():
        root.mkdir(parents=True)
        root.chmod(0o711)
    with (root / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstanceError(
                f"another command starts or ends instance {name!r}: try again when it is done"
            ) from None
        yield


def _next_index(name: str) -> int:
    """The index that `Instance.make` will hand out, for checks that come before anything is made."""
    taken = {
        Instance.load(other).index for other in Instance.names() if other != name and (state_root() / other).is_dir()
    }
    return next(number for number in range(len(taken) + 1) if number not in taken)


def _forget_the_persons_aws() -> None:
    """A profile or proxy of the person's must not come between the sandbox and its own account."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    for name in ("no_proxy", "NO_PROXY"):
        others = [os.environ[name]] if os.environ.get(name) else []
        os.environ[name] = ",".join([*others, *Instance.every_services_address()])


def main(words: Sequence[str] | None = None) -> int:
    """Entry point; errors that we expect end with one clear message instead of a traceback."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": up, "deploy": deploy, "down": down, "status": status, "logs": logs, "collect": collect, "build": build,
    }  # fmt: skip
    parser.add_argument("command", choices=commands)
    parser.add_argument("--instance", default=default_name(), help="default: FLASKOPS_INSTANCE, or local")
    parser.add_argument("--lines", type=int, default=20, help="logs: how many lines of each")
    parser.add_argument("rest", nargs="*", help="deploy: more arguments for ansible-playbook, after --")
    arguments = parser.parse_args(words)
    _forget_the_persons_aws()
    try:
        return commands[arguments.command](arguments)
    except EXPECTED as error:
        complain(f"failed: {error}")
        return 1
