"""The chain on its own instance, in order: plan of an empty account, converge, checks from outside, no change."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import inventory
import pytest
import yaml
from machine import output
from system import PROGRAMS, Run, System

HOST = "app.local.example.com"


@pytest.fixture(scope="module")
def plan(system: System, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict, list[dict]]:
    """`--check --diff` on an empty account: the run, its plan as JSON, and its API calls."""
    target = tmp_path_factory.mktemp("plan") / "plan.json"
    system.environment["FLASKOPS_PLAN_FILE"] = str(target)
    before = system.last_call()
    run = system.playbook("site.yml", "--check", "--diff", log="plan-from-empty")
    del system.environment["FLASKOPS_PLAN_FILE"]
    assert run.code == 0, run.output[-4000:]
    return run, json.loads(target.read_text()), system.calls(before)


@contextlib.contextmanager
def verbose(system: System) -> Iterator[None]:
    """Run with -vvv and --diff, the most verbose output that users ask for."""
    wanted = {"ANSIBLE_VERBOSITY": "3", "ANSIBLE_DIFF_ALWAYS": "1"}
    system.environment.update(wanted)
    yield
    for name in wanted:
        del system.environment[name]


@pytest.fixture(scope="module")
def interrupted(system: System, plan: tuple) -> None:
    """Two runs killed with SIGKILL: during cluster creation, and during the rollout of applications."""
    command = [sys.executable, "-m", "flaskops_sandbox", "deploy"]
    with verbose(system):
        system.kill_when("TASK [flaskops.eks.data_stores", *command, log="killed-during-cluster-creation")
        system.kill_when("TASK [flaskops.eks.flask_app : Release", *command, log="killed-during-release")


@pytest.fixture(scope="module")
def chain(system: System, interrupted: None) -> Run:
    """site.yml through molecule's default scenario: converge, idempotence, verify, as `molecule test` does it."""
    with verbose(system):
        run = system.run(PROGRAMS / "molecule", "converge", log="molecule-converge")
    assert run.code == 0, run.output[-4000:]
    return run


def test_plan_of_an_empty_account_is_complete_and_changes_nothing(plan):
    run, document, calls = plan
    assert run.failed == 0
    assert document["whole"] is True
    assert document["totals"]["unplannable"] == 0
    assert not [call for call in calls if call["mutating"]]
    assert calls, "the call log is empty, so the test is invalid"


def test_plan_lists_everything_that_the_run_creates(plan, chain, system):
    _, document, _ = plan
    planned = [(entry["kind"], entry["name"]) for entry in document["resources"] if entry["action"] == "create"]
    found = inventory.account(system) | inventory.cluster(system, "flask-local") | inventory.objects(system, "flask")
    of_roles = {kind: names for kind, names in found.items() if kind not in inventory.MADE_BY_OTHERS}
    missing = [
        f"{kind}: {name}"
        for kind, names in of_roles.items()
        for name in sorted(names)
        if not any(inventory.MADE_BY.get(kind, kind) == what and is_called(name, text) for what, text in planned)
    ]
    assert not missing, "created, but not in the plan"
    empty = {kind for kind, names in found.items() if not names}
    assert empty <= inventory.NOT_IN_THIS_CHAIN, f"kinds without a created resource: {empty}"


def is_called(name: str, planned: str) -> bool:
    """Whether a name matches the planned one; `(known after apply)` matches anything."""
    return re.fullmatch(re.escape(planned).replace(re.escape("(known after apply)"), ".+"), name) is not None


def test_killed_runs_left_no_duplicates(chain, system):
    """A duplicate created by a resumed run would have the same name."""
    ec2 = system.client("ec2")
    tagged = [{"Name": "tag:flaskops:environment", "Values": ["local"]}]
    rows = {
        "vpcs": ec2.describe_vpcs(Filters=tagged)["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=tagged)["Subnets"],
        "gateways": ec2.describe_internet_gateways(Filters=tagged)["InternetGateways"],
        "tables": ec2.describe_route_tables(Filters=tagged)["RouteTables"],
        "addresses": ec2.describe_addresses(Filters=tagged)["Addresses"],
        "groups": ec2.describe_security_groups(Filters=tagged)["SecurityGroups"],
    }
    for kind, found in rows.items():
        names = [tag["Value"] for row in found for tag in row["Tags"] if tag["Key"] == "Name"]
        assert names and len(names) == len(set(names)), f"{kind}: {names}"


def test_service_answers_over_https_by_name(chain, system):
    instance = system.instance
    base = ["curl", "--silent", "--show-error", "--max-time", "10", "--cacert", str(instance.ca_file)]
    base += ["--resolve", f"{HOST}:443:{instance.address}", "--resolve", f"{HOST}:80:{instance.address}"]
    status = subprocess.run([*base, f"https://{HOST}/status"], capture_output=True, text=True, check=True)
    assert {entry["state"] for entry in json.loads(status.stdout)["dependencies"].values()} == {"up"}
    redirect = subprocess.run([*base, "--head", f"http://{HOST}/tasks"], capture_output=True, text=True, check=True)
    assert redirect.stdout.startswith("HTTP/1.1 301")
    assert f"https://{HOST}" in redirect.stdout
    body = json.dumps({"title": "seen from outside"})
    made = subprocess.run([*base, "--json", body, f"https://{HOST}/tasks"], capture_output=True, text=True, check=True)
    task = json.loads(made.stdout)["id"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        read = subprocess.run([*base, f"https://{HOST}/tasks/{task}"], capture_output=True, text=True, check=True)
        if json.loads(read.stdout)["status"] == "done":
            return
        time.sleep(0.5)
    pytest.fail(f"the worker did not process the task: {read.stdout}")


def test_client_without_the_ca_rejects_the_certificate(chain, system):
    context = ssl.create_default_context()
    with (
        socket.create_connection((system.instance.address, 443), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname=HOST)


def test_eks_token_lists_two_nodes_in_two_zones(chain, system):
    answer = system.kubectl("get", "nodes", "-l", "eks.amazonaws.com/nodegroup", "-o", "json")
    assert answer.returncode == 0, answer.stderr
    nodes = json.loads(answer.stdout)["items"]
    zones = {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    assert len(nodes) == 2 and len(zones) == 2
    reservations = system.client("ec2").describe_instances()["Reservations"]
    instances = {row["InstanceId"] for reservation in reservations for row in reservation["Instances"]}
    assert {node["spec"]["providerID"].split("/")[-1] for node in nodes} <= instances


def test_identity_without_an_access_entry_is_denied(chain, system, tmp_path):
    """The controller's IAM user exists, but it has no access entry."""
    config = yaml.safe_load((system.instance.state_dir / "kubeconfig").read_text())
    (user,) = config["users"]
    execution = user["user"].pop("exec")
    keys = system.instance.credentials()["alb-controller"]
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": keys["access_key"],
        "AWS_SECRET_ACCESS_KEY": keys["secret_key"],
    }
    words = [execution["command"], *execution["args"]]
    if "--credentials-file" in words:
        place = words.index("--credentials-file")
        del words[place : place + 2]
    minted = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    user["user"]["token"] = json.loads(minted.stdout)["status"]["token"]
    stranger = tmp_path / "kubeconfig"
    stranger.write_text(yaml.safe_dump(config))
    answer = system.kubectl("get", "nodes", kubeconfig=stranger)
    assert answer.returncode != 0
    assert "Unauthorized" in answer.stderr or "must be logged in" in answer.stderr, answer.stderr


def test_second_run_changes_nothing(chain, system):
    run = system.run(PROGRAMS / "molecule", "idempotence", log="molecule-idempotence")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0 and run.failed == 0


def test_verify_from_outside(chain, system):
    run = system.run(PROGRAMS / "molecule", "verify", log="molecule-verify")
    assert run.code == 0, run.output[-4000:]


def test_second_make_up_changes_nothing_and_its_final_screen_works(chain, system):
    run = system.run("make", "up", log="make-up-again")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0 and run.failed == 0
    screen = run.output.rpartition("\nSandbox instance ")[2].splitlines()
    # Run the printed commands in a plain shell.
    status, task = (shell(line) for line in screen if " --cacert " in line)
    listing = shell(next(line for line in screen if " get pods " in line))
    assert {entry["state"] for entry in json.loads(status)["dependencies"].values()} == {"up"}
    assert json.loads(task)["title"] == "hello"
    assert "aws-load-balancer-controller" in listing and "worker" in listing
    assert re.search(r"^Sandbox .*, site\.yml .*, all ", run.output, re.M)


def shell(line: str) -> str:
    answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 0, f"{line}\n{answer.stdout}{answer.stderr}"
    return answer.stdout


def test_failure_collects_evidence_in_the_printed_folder(chain, system):
    run = system.sandbox("deploy", "--", "-e", "eks_version=newest")
    assert run.code != 0 and run.failed == 1
    folder = Path(re.findall(r"^evidence: (\S+)$", run.output, re.M)[-1])
    names = {path.name for path in folder.iterdir() if path.stat().st_size}
    assert {"account.log", "alb.log", "calls.jsonl", "events.txt", "objects.txt", "pods.txt"} <= names
    for controller in ("aws-load-balancer-controller", "external-secrets", "metrics-server", "api-a", "worker-a"):
        assert any(name.startswith("pod-") and f"-{controller}-" in name for name in names), f"{controller}: {names}"


def test_failed_verification_names_cause_next_step_and_evidence(chain, system):
    run = system.playbook("playbooks/verify.yml", "-e", "verify_minimum_certificate_days=9999", log="verify-fails")
    assert run.code != 0 and run.failed == 1
    told = dict(re.findall(r"^\s*(cause|next|left behind|evidence): (.+)$", run.output, re.M))
    assert "Verify the certificate: failed" in run.output
    assert re.search(r"expires on .*, in \d+ days", told["cause"]) and told["next"].startswith("renew or replace")
    assert told["left behind"] == "nothing"
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(told["evidence"]).iterdir()}
    assert {"event.yml", "pod.yml", "ingress.yml", "target_groups.yml", "controller-metrics-server.log"} <= set(texts)
    assert any(name.startswith("log-api-") for name in texts)
    assert not [name for name, text in texts.items() if "could not be read" in text]


def test_check_mode_on_the_running_system_plans_no_change(chain, system):
    before = system.last_call()
    run = system.playbook("site.yml", "--check", "--diff", log="check-running")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0 and run.failed == 0
    deployer = [call for call in system.calls(before) if call["principal"] == "deployer"]
    assert deployer and not [call for call in deployer if call["mutating"]]


def secrets_of(system: System) -> dict[str, str]:
    """Return all secret values of the chain by a name for messages."""
    found = {f"secret key of {name}": keys["secret_key"] for name, keys in system.instance.credentials().items()}
    found["registry password"] = system.instance.registry_password()
    manager = system.client("secretsmanager")
    for row in manager.list_secrets()["SecretList"]:
        text = manager.get_secret_value(SecretId=row["Name"])["SecretString"]
        values = json.loads(text) if text.startswith("{") else {"": text}
        found |= {
            f"{row['Name']} {key}": value
            for key, value in values.items()
            if re.search("password|key|token", key) or not key
        }
    return {name: value for name, value in found.items() if len(value) >= 12}


def test_no_secret_in_output_argv_readable_files_or_the_image(chain, system, tmp_path):
    secrets = secrets_of(system)
    assert len(secrets) >= 6
    assert "task path:" in chain.output, "the run was not verbose"
    outputs = {log.name: log.read_text(encoding="utf-8", errors="replace") for log in system.folder.glob("*.log")}
    told = [f"{log}: {name}" for log, text in outputs.items() for name, value in secrets.items() if value in text]
    assert not told, "secret in the output of a run"
    # Recorded since the first `up`, because passwords are generated and passed on in the first run only.
    assert system.arguments.holds("flaskops_sandbox.account"), "no arguments were recorded, so the test is invalid"
    assert not [name for name, value in secrets.items() if system.arguments.holds(value)], "secret in arguments"
    evidence = set(system.instance.state_dir.parent.parent.glob("*-evidence"))
    assert evidence, "no evidence of failed runs"
    for folder in (system.instance.state_dir, *evidence):
        assert not readable(folder, secrets), "secret in a world-readable file"
    image = system.kubectl("get", "deployment/api-a", "-n", "flask", "-o", "jsonpath={..containers[0].image}").stdout
    history = output("podman", "history", "--no-trunc", image) + output("podman", "inspect", image)
    assert not [name for name, value in secrets.items() if value in history], "secret in the image history"
    archive = tmp_path / "image.tar"
    output("podman", "save", "--format", "docker-archive", "--output", str(archive), image)
    content = archive.read_bytes()
    assert b"flaskapp/" in content, "the layers are compressed, so the test is invalid"
    assert not [name for name, value in secrets.items() if value.encode() in content], "secret in the image layers"


def readable(folder: Path, secrets: dict[str, str]) -> list[str]:
    """Return the world-readable files below `folder` that contain a secret."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or not stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH or closed(path, folder):
            continue
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path}: {name}" for name, value in secrets.items() if value in text]
    return found


def closed(path: Path, top: Path) -> bool:
    """Whether a directory between `path` and `top` denies access to other users."""
    parents = [parent for parent in path.parents if parent.is_relative_to(top)]
    return any(not stat.S_IMODE(parent.stat().st_mode) & stat.S_IXOTH for parent in parents)
