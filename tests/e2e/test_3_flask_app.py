"""The role flask_app in a namespace of its own: upgraded under load, changed, rendered, with one broken application.

The namespace begins with what version c11e6d2 applied: an API with an autoscaler and a worker. The molecule scenario
flask_app then deploys over it, with other settings and without the worker.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import old_version
import pytest
import yaml
from load import Load
from old_version import items_of
from system import PROGRAMS, ROOT, Run, System

NAMESPACE = "flask-changed"
HOST = "changed.local.example.com"
SCENARIO = ROOT / "molecule" / "flask_app"
SLOT = "flaskops.eks/slot"
OWN_KEYS = {"DATABASE_USER", "DATABASE_PASSWORD", "REDIS_PASSWORD"}


@pytest.fixture(scope="module")
def upgraded(system: System, tmp_path_factory: pytest.TempPathFactory) -> tuple[Load, Run]:
    """The scenario's deployment over the old version's objects, while requests run."""
    system.environment["FLASKOPS_MOLECULE_PREPARE"] = str(ROOT / "playbooks" / "platform.yml")
    prepared = system.run(PROGRAMS / "molecule", "prepare", "-s", "flask_app", log="molecule-flask-app-prepare")
    assert prepared.code == 0, prepared.output[-4000:]
    names = {"namespace": NAMESPACE, "part_of": "changed", "secret": "changed-secret", "host": HOST}
    old_version.apply(system, tmp_path_factory.mktemp("old"), **names)
    with load(system) as requests:
        run = system.run(PROGRAMS / "molecule", "converge", "-s", "flask_app", log="molecule-flask-app-converge")
    assert run.code == 0, run.output[-4000:]
    return requests, run


def load(system: System) -> Load:
    return Load(HOST, system.instance.address, system.instance.ca_file)


def names_of(system: System, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in items_of(system, kind, NAMESPACE)}


def deploy(system: System, log: str, values: dict[str, Any], playbook: str = "deploy") -> Run:
    """A playbook with the scenario's inventory and some values of its own."""
    inventory = f"--inventory={SCENARIO / 'inventory'}"
    return system.playbook(f"playbooks/{playbook}.yml", inventory, "-e", json.dumps(values), log=log)


def scenario_applications() -> list[dict[str, Any]]:
    text = (SCENARIO / "inventory" / "group_vars" / "all" / "flask_app.yml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text)["flask_app_applications"])


def own_application(image: str) -> dict[str, Any]:
    """A worker with an image, a Secret and a migration of its own."""
    return {
        "name": "own",
        "args": ["worker"],
        "replicas": 1,
        "autoscaling": {"enabled": False},
        "disruption_budget": {"enabled": False},
        "service": {"enabled": False},
        "image": {"reference": image},
        "secret": {"own": True, "keys": sorted(OWN_KEYS)},
        "migration": {"enabled": True},
    }


def test_the_upgrade_loses_no_request(upgraded):
    requests, _ = upgraded
    print(f"{requests.sent} requests, the slowest {requests.slowest:.1f} s, lost: {requests.lost}")
    assert requests.sent > 500
    assert not requests.lost, requests.losses


def test_the_upgrade_moves_to_slots_and_keeps_the_pods(upgraded, system: System):
    (api,) = items_of(system, "deployment", NAMESPACE)
    assert api["metadata"]["name"] == "api-a" and api["status"]["availableReplicas"] >= 2
    assert api["spec"]["selector"]["matchLabels"][SLOT] == "a"
    (service,) = items_of(system, "service", NAMESPACE)
    assert service["metadata"]["name"] == "api" and service["spec"]["selector"][SLOT] == "a"
    pods = [pod for pod in items_of(system, "pod", NAMESPACE) if pod["status"]["phase"] == "Running"]
    assert {pod["metadata"]["labels"].get(SLOT) for pod in pods} == {"a"}


def test_what_is_no_longer_named_or_used_is_pruned(upgraded, system: System):
    for kind in ("deployment", "networkpolicy", "poddisruptionbudget", "serviceaccount"):
        assert "worker" not in names_of(system, kind), kind
    hashed = re.compile(r"(api-config|migrate-config|flask-ca)-[0-9a-f]{8}")
    kept = names_of(system, "configmap") - {"kube-root-ca.crt"}
    assert len(kept) == 3 and all(hashed.fullmatch(name) for name in kept), kept
    assert not names_of(system, "horizontalpodautoscaler"), "the scenario switches the autoscaler off"


@pytest.mark.parametrize("step", ["idempotence", "verify"])
def test_the_changed_application(step, upgraded, system: System):
    run = system.run(PROGRAMS / "molecule", step, "-s", "flask_app", log=f"molecule-flask-app-{step}")
    assert run.code == 0, run.output[-4000:]


def test_the_rendered_manifests_are_what_was_applied(upgraded, system: System, tmp_path: Path):
    """As the API server compares them, removed fields included: only the version of the Secret is added by a run."""
    folder = tmp_path / "rendered"
    run = deploy(system, "render", {"flask_app_render_dir": str(folder)}, playbook="render")
    assert run.code == 0, run.output[-4000:]
    assert {path.name for path in folder.iterdir()} == {"shared.yaml", "api.yaml"}
    rendered = [item for path in folder.iterdir() for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
    for kind in ("ConfigMap", "Deployment", "ExternalSecret", "Ingress", "Job", "NetworkPolicy", "Service"):
        wanted = {item["metadata"]["name"] for item in rendered if item["kind"] == kind}
        assert wanted == names_of(system, kind.lower()) - {"kube-root-ca.crt"}, kind
    options = ["--server-side", "--force-conflicts", f"--field-manager={old_version.FIELD_MANAGER}"]
    answer = system.kubectl("diff", *options, "-f", str(folder))
    assert answer.returncode <= 1, answer.stderr
    changed = [line for line in answer.stdout.splitlines() if re.match(r"[-+] ", line)]
    unexpected = [line for line in changed if not re.match(r"[-+]\s+(flaskops.eks/secret-version|generation):", line)]
    assert "flaskops.eks/secret-version" in answer.stdout and not unexpected, answer.stdout


def test_a_broken_application_stops_neither_the_others_nor_their_report(upgraded, system: System):
    """The other one gets its autoscaler switched on, which must not change the pods that run."""
    before = {pod["metadata"]["name"] for pod in items_of(system, "pod", NAMESPACE) if "-a-" in pod["metadata"]["name"]}
    (api, *others) = scenario_applications()
    api["autoscaling"] = {"enabled": True, "min_replicas": 2, "max_replicas": 3}
    broken = {"name": "broken", "args": ["api"], "replicas": 1, "autoscaling": {"enabled": False}}
    broken["image"] = {"tag": "does-not-exist"}
    (deployment,) = items_of(system, "deployment", NAMESPACE)
    own = own_application(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
    with load(system) as requests:
        run = deploy(system, "one-broken", {"flask_app_applications": [api, *others, broken, own]})
    assert run.code != 0 and run.failed == 1
    told = " ".join(run.output.split())
    assert "1 of 4 not deployed: broken; the others are deployed" in told
    assert re.search(r"broken: Deployment flask-changed/broken-a: Image: \w+", told)
    assert requests.sent > 100
    assert not requests.lost, requests.losses
    assert names_of(system, "horizontalpodautoscaler") == {"api"}
    pods = {pod["metadata"]["name"] for pod in items_of(system, "pod", NAMESPACE) if "-a-" in pod["metadata"]["name"]}
    assert before <= pods, "switching the autoscaler on replaced pods"


def test_an_application_has_its_own_image_secret_and_migration(upgraded, system: System):
    """It was deployed beside the broken one."""
    (deployment,) = [item for item in items_of(system, "deployment", NAMESPACE) if item["metadata"]["name"] == "own-a"]
    assert deployment["status"]["availableReplicas"] == 1
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    version = container["image"].rpartition(":")[2]
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == version
    assert {"secretRef": {"name": "own-secret"}} in container["envFrom"]
    keys = "go-template={{range $key, $value := .data}}{{$key}} {{end}}"
    assert set(system.kubectl("get", "secret/own-secret", "-n", NAMESPACE, "-o", keys).stdout.split()) == OWN_KEYS
    (job,) = [
        item for item in items_of(system, "job", NAMESPACE) if item["metadata"]["name"].startswith("own-migrate-")
    ]
    assert job["status"]["succeeded"] == 1


def test_without_pruning_the_plan_and_the_run_only_show(upgraded, system: System):
    """The list no longer names the broken application."""
    inventory = f"--inventory={SCENARIO / 'inventory'}"
    planned = system.playbook("playbooks/deploy.yml", inventory, "--check", "-e", "flaskops_prune=false", log="keep")
    assert planned.code == 0, planned.output[-4000:]
    assert re.search(r"^! flask_app +Deployment flask-changed/broken-a  not removed", planned.output, re.M)
    assert re.search(r"^- flask_app +HorizontalPodAutoscaler flask-changed/api$", planned.output, re.M)
    assert "broken-a" in names_of(system, "deployment")


def test_applications_of_the_chain_still_answer(upgraded, system: System):
    instance, host = system.instance, "app.local.example.com"
    request = ["curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--cacert", str(instance.ca_file)]
    request += ["--resolve", f"{host}:443:{instance.address}", f"https://{host}/status"]
    answer = subprocess.run(request, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["status"] == "serving"


def test_removal_keeps_the_applications_of_the_chain(upgraded, system: System):
    run = system.run(PROGRAMS / "molecule", "cleanup", "-s", "flask_app", log="molecule-flask-app-cleanup")
    assert run.code == 0, run.output[-4000:]
    namespaces = system.kubectl("get", "namespaces", "-o", "name").stdout.split()
    assert "namespace/flask-changed" not in namespaces
    assert "namespace/flask" in namespaces
    records = system.client("route53").list_resource_record_sets(
        HostedZoneId=system.client("route53").list_hosted_zones()["HostedZones"][0]["Id"]
    )
    names = {record["Name"] for record in records["ResourceRecordSets"]}
    assert "changed.local.example.com." not in names and "app.local.example.com." in names
