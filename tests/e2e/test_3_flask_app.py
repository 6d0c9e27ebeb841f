"""The molecule scenario flask_app on the cluster of the chain: all settings changed, then removed."""

from __future__ import annotations

import json
import subprocess

import pytest
from system import PROGRAMS, ROOT, Run, System


@pytest.fixture(scope="module")
def converged(system: System) -> Run:
    system.environment["FLASKOPS_MOLECULE_PREPARE"] = str(ROOT / "playbooks" / "platform.yml")
    run = system.run(PROGRAMS / "molecule", "converge", "-s", "flask_app", log="molecule-flask-app-converge")
    assert run.code == 0, run.output[-4000:]
    return run


@pytest.mark.parametrize("step", ["idempotence", "verify"])
def test_the_changed_application(step, converged, system: System):
    run = system.run(PROGRAMS / "molecule", step, "-s", "flask_app", log=f"molecule-flask-app-{step}")
    assert run.code == 0, run.output[-4000:]


def test_applications_of_the_chain_still_answer(converged, system: System):
    instance, host = system.instance, "app.local.example.com"
    request = ["curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--cacert", str(instance.ca_file)]
    request += ["--resolve", f"{host}:443:{instance.address}", f"https://{host}/status"]
    answer = subprocess.run(request, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["status"] == "serving"


def test_removal_keeps_the_applications_of_the_chain(converged, system: System):
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
