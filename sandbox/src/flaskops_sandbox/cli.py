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

from flaskops_sandbox import evidence, lifecycle, optional, preflight, summary
from flaskops_sandbox.commands import CommandError
from flaskops_sandbox.console import complain, duration, say, step
from flaskops_sandbox.images import build as images
from flaskops_sandbox.instance import Instance, InstanceError, check_name, default_name, ensure_state_root
from flaskops_sandbox.kubernetes.cluster import ClusterError
from flaskops_sandbox.patches import PatchError
from flaskops_sandbox.toolchain import cache_root

EXPECTED = (CommandError, InstanceError, ClusterError, lifecycle.LifecycleError, PatchError)
PATIENCE_SECONDS = 60.0
"""Seconds that an account may not respond before it counts as dead and the instance starts empty."""


def up(arguments: argparse.Namespace) -> int:
    """Build missing programs and start the instance, if it is not running."""
    check_name(arguments.instance)
    with _alone(arguments.instance):
        return _up(arguments.instance, arguments.controllers)


def _up(name: str, controllers: Sequence[str]) -> int:
    known = name in Instance.names()
    if known:
        instance = Instance.make(name)
        controllers = [*optional.recorded(instance), *controllers]
        if not lifecycle.healthy(instance, PATIENCE_SECONDS):
            for what in lifecycle.remains(instance):
                say(f"  left over from an earlier run: {what}")
            say(f"The account of instance {name!r} or a server of it has died and its state is lost: starting empty.")
            lifecycle.end(instance)
            known = False
    # An existing instance keeps its mode, even if the network of the machine has changed.
    published = bool(instance.facts()["published_node_image"]) if known else images.registry_reached()
    if not known:
        refused = preflight.problems(Instance.expected(name), published=published)
        if refused:
            for problem in refused:
                complain(f"refused: {problem}")
            return 2
    built = _build(controllers, published=published)
    instance = Instance.make(name)
    lifecycle.start(instance, built)
    say(f"Sandbox {name!r} is up: AWS at {instance.aws_endpoint_url}, load balancer at {instance.address}.")
    return 0


def deploy(arguments: argparse.Namespace) -> int:
    """Run `make up`: start the sandbox, run site.yml, print how to reach the service."""
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
    """Stop and remove the instance, if it exists."""
    check_name(arguments.instance)
    with _alone(arguments.instance):
        if arguments.instance not in Instance.names():
            say(f"Sandbox instance {arguments.instance!r} does not exist.")
            return 0
        instance = Instance.make(arguments.instance)
        say(f"Removing sandbox instance {instance.name!r}")
        lifecycle.end(instance)
    say("The instance is removed. Built programs and images are kept for the next `make up`.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Print components and addresses. Exit code 1: a component has died; 3: the instance does not exist."""
    name = arguments.instance
    if name not in Instance.names():
        complain(f"instance {name!r}: does not exist on this machine; run `make up`")
        return 3
    instance = Instance.expected(name)
    if not lifecycle.healthy(instance, 10):
        complain(f"instance {name!r}: the account does not respond; run `make up`, which starts it empty")
        return 1
    if not lifecycle.daemon_pids(instance, "alb"):
        complain(f"instance {name!r}: the load balancer is not running; run `make up`, which starts it")
        return 1
    say(summary.text(instance))
    return 0


def logs(arguments: argparse.Namespace) -> int:
    """Print the last lines of every log of the instance."""
    instance = Instance.load(arguments.instance)
    for log in sorted(instance.log_dir.glob("*.log")):
        say(f"==> {log}")
        say("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-arguments.lines :]))
    return 0


def collect(arguments: argparse.Namespace) -> int:
    """Collect logs, events and pod states in one directory and print its path."""
    say(f"Evidence: {evidence.collect(Instance.load(arguments.instance))}")
    return 0


def build(arguments: argparse.Namespace) -> int:
    """Build programs and images, the slow part that is needed once per machine."""
    _build(arguments.controllers, published=images.registry_reached())
    return 0


def _build(controllers: Sequence[str], *, published: bool) -> images.Built:
    """Build under a machine-wide lock. A second build waits and then finds everything built."""
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("wait for another build on this machine", 600):
                fcntl.flock(lock, fcntl.LOCK_EX)
        log = root / "build.log"
        return optional.ensure(controllers, images.ensure(log, published=published), log)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Allow one command at a time to start or remove an instance."""
    with (ensure_state_root() / f".{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InstanceError(
                f"instance {name!r}: another command is starting or removing it; try again when it is done"
            ) from None
        yield


def _forget_the_persons_aws() -> None:
    """Remove the user's AWS keys, profile and proxy from the environment of the sandbox and its servers."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for name in ("no_proxy", "NO_PROXY"):
        others = [os.environ[name]] if os.environ.get(name) else []
        os.environ[name] = ",".join([*others, *Instance.every_address()])


def main(words: Sequence[str] | None = None) -> int:
    """Run a command. Expected errors are printed as one message without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m flaskops_sandbox", description=__doc__)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "up": up, "deploy": deploy, "down": down, "status": status, "logs": logs, "collect": collect, "build": build,
    }  # fmt: skip
    parser.add_argument("command", choices=commands)
    parser.add_argument("--instance", default=default_name(), help="default: FLASKOPS_INSTANCE, or local")
    parser.add_argument("--lines", type=int, default=20, help="logs: number of lines per log")
    parser.add_argument(
        "rest",
        nargs="*",
        help=f"up, build: optional controllers ({', '.join(optional.CONTROLLERS)}); "
        "deploy: additional arguments for ansible-playbook, after --",
    )
    arguments = parser.parse_intermixed_args(words)
    if arguments.command != "deploy":
        allowed = set(optional.CONTROLLERS) if arguments.command in {"up", "build"} else set()
        refused = [word for word in arguments.rest if word not in allowed]
        if refused:
            parser.error(f"{arguments.command}: unknown argument {' '.join(refused)!r}; did you mean --instance?")
    arguments.controllers = [] if arguments.command == "deploy" else arguments.rest
    _forget_the_persons_aws()
    try:
        return commands[arguments.command](arguments)
    except EXPECTED as error:
        complain(f"failed: {error}")
        return 1
    except BrokenPipeError:
        # The reader closed the pipe (`make logs | head`). Avoid a second error when Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except PermissionError as error:
        complain(f"failed: {error.filename or error}: permission denied; run the sandbox as root (sudo)")
        return 1
    except KeyboardInterrupt:
        complain("interrupted; run the same command to resume, or `make down` to remove the instance")
        return 130
