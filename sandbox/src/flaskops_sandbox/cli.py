"""The sandbox's commands: `python -m flaskops_sandbox up|deploy|down|status|logs|collect|build`."""

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

from flaskops_sandbox import evidence, lifecycle, preflight, summary
from flaskops_sandbox.commands import CommandError
from flaskops_sandbox.console import complain, duration, say, step
from flaskops_sandbox.images import build as images
from flaskops_sandbox.instance import Instance, InstanceError, check_name, default_name, ensure_state_root
from flaskops_sandbox.kubernetes.cluster import ClusterError
from flaskops_sandbox.toolchain import cache_root

EXPECTED = (CommandError, InstanceError, ClusterError, lifecycle.LifecycleError)
PATIENCE_SECONDS = 60.0
"""How long a silent account may be busy before it counts as dead and its instance is started empty."""


def up(arguments: argparse.Namespace) -> int:
    """Build what is missing and start the instance; running already is fine."""
    check_name(arguments.instance)
    with _alone(arguments.instance):
        return _up(arguments.instance)


def _up(name: str) -> int:
    known = name in Instance.names()
    if known:
        instance = Instance.make(name)
        if not lifecycle.healthy(instance, PATIENCE_SECONDS):
            for what in lifecycle.remains(instance):
                say(f"  left over from an earlier run: {what}")
            say(f"The account of instance {name!r}, or a server of it, has died; what it knew is gone: starting empty.")
            lifecycle.end(instance)
            known = False
    # An instance keeps the way it was started in, whatever network the machine is in now.
    published = bool(instance.facts()["published_node_image"]) if known else images.registry_reached()
    if not known:
        refused = preflight.problems(Instance.expected(name), published=published)
        if refused:
            for problem in refused:
                complain(f"refused: {problem}")
            return 2
    built = _build(published=published)
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
    code = subprocess.run(command, cwd=lifecycle.CHECKOUT, env=environment, check=False).returncode
    if code:
        complain(f"site.yml failed with exit status {code}. Logs, events and the state of the pods are in this folder:")
        complain(f"evidence: {evidence.collect(instance)}")
        return code
    total = time.monotonic() - started
    say(summary.text(instance))
    say(f"Sandbox {duration(sandbox_seconds)}, site.yml {duration(total - sandbox_seconds)}, all {duration(total)}.")
    return 0


def down(arguments: argparse.Namespace) -> int:
    """End the instance; one that is not there is fine."""
    check_name(arguments.instance)
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
    """What runs and how to reach it. Exit code 1 when something of it is dead, 3 when there is no such instance."""
    name = arguments.instance
    if name not in Instance.names():
        complain(f"there is no sandbox instance {name!r} on this machine: run `make up`")
        return 3
    instance = Instance.expected(name)
    if not lifecycle.healthy(instance, 10):
        complain(f"instance {name!r}: the account does not answer; `make up` starts it empty")
        return 1
    if not lifecycle.daemon_pids(instance, "alb"):
        complain(f"instance {name!r}: the load balancer does not run; `make up` starts it")
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
    _build(published=images.registry_reached())
    return 0


def _build(*, published: bool) -> images.Built:
    """One build at a time on a machine: a second one waits, then finds everything done."""
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("wait for another build on this machine", 600):
                fcntl.flock(lock, fcntl.LOCK_EX)
        return images.ensure(root / "build.log", published=published)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """One command at a time may start or end an instance."""
    with (ensure_state_root() / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstanceError(
                f"another command starts or ends instance {name!r}: try again when it is done"
            ) from None
        yield


def _forget_the_persons_aws() -> None:
    """No key, profile or proxy of the person's may come between the sandbox and its own account, or reach a server."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        others = [os.environ[name]] if os.environ.get(name) else []
        os.environ[name] = ",".join([*others, *Instance.every_address()])


def main(words: Sequence[str] | None = None) -> int:
    """Entry point; errors that we expect end with one clear message instead of a traceback."""
    parser = argparse.ArgumentParser(prog="python -m flaskops_sandbox", description=__doc__)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": up, "deploy": deploy, "down": down, "status": status, "logs": logs, "collect": collect, "build": build,
    }  # fmt: skip
    parser.add_argument("command", choices=commands)
    parser.add_argument("--instance", default=default_name(), help="default: FLASKOPS_INSTANCE, or local")
    parser.add_argument("--lines", type=int, default=20, help="logs: how many lines of each")
    parser.add_argument("rest", nargs="*", help="deploy: more arguments for ansible-playbook, after --")
    arguments = parser.parse_intermixed_args(words)
    if arguments.rest and arguments.command != "deploy":
        parser.error(f"{arguments.command} takes no {' '.join(arguments.rest)!r}; name an instance with --instance")
    _forget_the_persons_aws()
    try:
        return commands[arguments.command](arguments)
    except EXPECTED as error:
        complain(f"failed: {error}")
        return 1
    except BrokenPipeError:
        # Whoever read has seen enough (`make logs | head`); Python would say so once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PermissionError as error:
        complain(f"failed: {error.filename or error}: permission denied; the sandbox needs root, run it with sudo")
        return 1
    except KeyboardInterrupt:
        complain("interrupted; the same command goes on from here, `make down` ends the instance")
        return 130
