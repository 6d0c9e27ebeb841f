"""A moto server that records API calls, and a function that runs a playbook and returns its results."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import io
import json
import os
import re
import subprocess
import sys
import threading
import typing as t
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import yaml
from moto import settings as moto_settings
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
SECRET_KEY = "sentinel-aws-secret-key"
_READING = re.compile(r"^(Describe|Get|List|Lookup|Search|Test|Simulate|BatchGet|Head)")


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclasses.dataclass
class Account:
    """The moto server and its recorded calls."""

    url: str
    calls: list[str] = dataclasses.field(default_factory=list)

    def reset(self) -> None:
        """Empty the account."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST"), timeout=10).read()
        self.calls.clear()

    @property
    def writes(self) -> list[str]:
        """Return the changing calls."""
        return [call for call in self.calls if not _READING.match(call)]


@contextlib.contextmanager
def serve() -> Iterator[Account]:
    """A moto server in a thread of this process."""
    # moto issues a certificate after 60 s, so results would depend on the speed of the run.
    moto_settings.ACM_VALIDATION_WAIT = 3600
    application = DomainDispatcherApplication(create_backend_app)
    seen = Account("")

    def recorded(environ: dict[str, t.Any], start_response: t.Any) -> t.Any:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        environ["wsgi.input"] = io.BytesIO(body)
        form = re.search(rb"(?:^|&)Action=([A-Za-z]+)", body)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if not environ["PATH_INFO"].startswith("/moto-api"):
            if form:
                seen.calls.append(form.group(1).decode())
            elif target:
                seen.calls.append(target.rpartition(".")[2])
            else:
                verb = "Get" if environ["REQUEST_METHOD"] in ("GET", "HEAD") else environ["REQUEST_METHOD"]
                seen.calls.append(f"{verb} {environ['PATH_INFO']}")
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, recorded, threaded=True, request_handler=_Quiet)
    seen.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield seen
    server.shutdown()
    thread.join(timeout=10)


@dataclasses.dataclass
class Run:
    """The results of a playbook run."""

    returncode: int
    output: str
    results: dict[str, dict[str, t.Any]]
    """Task results by task name."""
    folder: Path
    seconds: dict[str, float]
    """Task durations in seconds by task name."""

    def plan(self) -> dict[str, t.Any]:
        """Return the plan written by the run."""
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "plan.json").read_text()))


def run_tasks(
    account: Account,
    folder: Path,
    tasks: list[dict[str, t.Any]],
    *options: str,
    in_process: bool = True,
    play: dict[str, t.Any] | None = None,
    environment: dict[str, str] | None = None,
    as_json: bool = True,
) -> Run:
    """Run a list of tasks, or a whole play, on localhost against the account."""
    aws = {"region": "eu-west-1", "endpoint_url": account.url, "access_key": "AKIATEST", "secret_key": SECRET_KEY}
    groups = ("amazon.aws.aws", "community.aws.aws", "flaskops.eks.aws")
    playbook = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {f"group/{group}": aws for group in groups},
        **(play or {}),
        "tasks": tasks,
    }
    path = folder / "playbook.yml"
    path.write_text(yaml.safe_dump([playbook], sort_keys=False))
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))},
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "FLASKOPS_IN_PROCESS": "1" if in_process else "0",
        "FLASKOPS_PLAN_FILE": str(folder / "plan.json"),
        "ANSIBLE_NOCOLOR": "1",
        **({"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"} if as_json else {}),
        **(environment or {}),
    }
    done = subprocess.run(
        [str(PLAYBOOK), str(path), *options],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    report = _report(done.stdout) if as_json else []
    results = {entry["task"]["name"]: host for entry in report for host in entry["hosts"].values()}
    seconds = {entry["task"]["name"]: _seconds(entry["task"]["duration"]) for entry in report}
    return Run(done.returncode, done.stdout + done.stderr, results, folder, seconds)


def _report(output: str) -> list[dict[str, t.Any]]:
    """Return the tasks of the JSON report in the output."""
    start = output.index('{\n    "custom_stats"')
    report, _end = json.JSONDecoder().raw_decode(output[start:])
    return [entry for play in report["plays"] for entry in play["tasks"]]


def _seconds(duration: dict[str, str]) -> float:
    if "end" not in duration:
        return 0.0
    begin, end = (datetime.datetime.fromisoformat(duration[name]) for name in ("start", "end"))
    return (end - begin).total_seconds()
