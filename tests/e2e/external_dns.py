"""ExternalDNS as the writer of records: for an Ingress of its own, for records that flask_app wrote, and switched off.

A command of its own, `tests/run external-dns`: with the chain it takes minutes more, and on a new machine
ExternalDNS is built first (docs/sandbox.md).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from system import System

ON = ("-e", json.dumps({"external_dns_enabled": True}))
OFF = ("-e", json.dumps({"external_dns_enabled": False, "flaskops_removed_components": ["external_dns"]}))
HOST, OTHER = "app.local.example.com", "dns.local.example.com"
INGRESS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "dns", "namespace": "flask"},
    "spec": {
        "ingressClassName": "alb",
        "rules": [
            {
                "host": OTHER,
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "api", "port": {"name": "http"}}},
                        }
                    ]
                },
            }
        ],
    },
}
SHARED = ("group.name", "scheme", "target-type", "subnets", "security-groups", "manage-backend-security-group-rules")


@pytest.fixture(scope="module")
def installed(system: System) -> System:
    """The component is switched on by the inventory's one variable."""
    started = system.sandbox("up", "external-dns")
    assert started.code == 0, started.output
    chain = system.playbook("site.yml", log="external-dns-site")
    assert chain.code == 0, chain.output[-4000:]
    run = system.playbook("playbooks/platform.yml", *ON, log="external-dns-platform")
    assert run.code == 0, run.output[-4000:]
    return system


def records(system: System) -> dict[tuple[str, str], dict[str, Any]]:
    """The records of the zone by name and type."""
    route53 = system.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    listed = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {(record["Name"].rstrip("."), record["Type"]): record for record in listed}


def wait(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} after {seconds:.0f} s"
        time.sleep(1)


def test_it_may_change_one_zone_only(installed: System) -> None:
    iam = installed.client("iam")
    (attached,) = iam.list_attached_role_policies(RoleName="flask-local-external-dns")["AttachedPolicies"]
    version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]
    (zone,) = installed.client("route53").list_hosted_zones()["HostedZones"]
    changing = [row for row in document["Statement"] if any("Change" in action for action in row["Action"])]
    assert [row["Resource"] for row in changing] == [[f"arn:aws:route53:::{zone['Id'].strip('/')}"]]


def test_records_come_and_go_with_an_ingress(installed: System, tmp_path: Path) -> None:
    app = json.loads(installed.kubectl("get", "ingress", "api", "-n", "flask", "-o", "json").stdout)
    prefix = "alb.ingress.kubernetes.io/"
    shared = {key: app["metadata"]["annotations"].get(f"{prefix}{key}") for key in SHARED}
    annotations = {f"{prefix}{key}": value for key, value in shared.items() if value}
    manifest = tmp_path / "ingress.json"
    metadata = {**INGRESS["metadata"], "annotations": {**annotations, "external-dns.kubernetes.io/hostname": OTHER}}
    manifest.write_text(json.dumps({**INGRESS, "metadata": metadata}))
    applied = installed.kubectl("apply", "-f", str(manifest))
    assert applied.returncode == 0, applied.stderr
    try:
        wait(lambda: (f"a-{OTHER}", "TXT") in records(installed), "no TXT record")
        found = records(installed)
        target = found[(OTHER, "A")]["AliasTarget"]["DNSName"]
        assert target.rstrip(".") == app["status"]["loadBalancer"]["ingress"][0]["hostname"].lower()
        (mark,) = found[(f"a-{OTHER}", "TXT")]["ResourceRecords"]
        assert "external-dns/owner=flask-local,external-dns/resource=ingress/flask/dns" in mark["Value"]
    finally:
        deleted = installed.kubectl("delete", "-f", str(manifest))
    assert deleted.returncode == 0, deleted.stderr
    wait(lambda: not {(OTHER, "A"), (f"a-{OTHER}", "TXT")} & records(installed).keys(), "records are left")


def test_records_of_flask_app_are_handed_over_and_back(installed: System) -> None:
    before = records(installed)
    assert (HOST, "A") in before and (f"a-{HOST}", "TXT") not in before
    run = installed.playbook("playbooks/deploy.yml", *ON, log="external-dns-deploy")
    assert run.code == 0, run.output[-4000:]
    found = records(installed)
    assert (HOST, "A") in found and (f"a-{HOST}", "TXT") in found
    # It corrects what it took over: the mark names the Ingress, not the role's group of applications.
    wait(lambda: "ingress/flask/api" in str(records(installed)[(f"a-{HOST}", "TXT")]), "it did not take over")

    run = installed.playbook("playbooks/platform.yml", *OFF, log="external-dns-off")
    assert run.code == 0, run.output[-4000:]
    found = records(installed)
    assert (HOST, "A") in found and (f"a-{HOST}", "TXT") not in found
    assert "external-dns" not in installed.kubectl("get", "namespaces", "-o", "name").stdout
    roles = [role["RoleName"] for role in installed.client("iam").list_roles()["Roles"]]
    assert "flask-local-external-dns" not in roles
    run = installed.playbook("playbooks/deploy.yml", *OFF, log="external-dns-deploy-off")
    assert run.code == 0, run.output[-4000:]
