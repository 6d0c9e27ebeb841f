"""The way back: nothing of ours in the account, then nothing of the instance on the machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from system import ROOT, System, carrying

from sandbox import lifecycle, toolchain
from sandbox.instance import Instance


@pytest.fixture(scope="module")
def torn_down(system: System) -> System:
    run = system.playbook("playbooks/teardown.yml", log="teardown")
    assert run.code == 0, run.output[-4000:]
    return system


def left(system: System) -> dict[str, list[str]]:
    """Everything in the account that a new account does not have."""
    ec2, iam = system.client("ec2"), system.client("iam")
    default = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}

    def ours(rows: list[dict], key: str) -> list[str]:
        return [row[key] for row in rows if row.get("VpcId") not in default]

    instances = [
        row["InstanceId"]
        for reservation in ec2.describe_instances()["Reservations"]
        for row in reservation["Instances"]
        if row["State"]["Name"] != "terminated"
    ]
    return {
        "clusters": system.client("eks").list_clusters()["clusters"],
        "instances": instances,
        "vpcs": [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]],
        "subnets": ours(ec2.describe_subnets()["Subnets"], "SubnetId"),
        "route tables": ours(ec2.describe_route_tables()["RouteTables"], "RouteTableId"),
        "security groups": ours(ec2.describe_security_groups()["SecurityGroups"], "GroupId"),
        "interfaces": ours(ec2.describe_network_interfaces()["NetworkInterfaces"], "NetworkInterfaceId"),
        "gateways": [row["InternetGatewayId"] for row in ec2.describe_internet_gateways()["InternetGateways"]],
        "NAT": [row["NatGatewayId"] for row in ec2.describe_nat_gateways()["NatGateways"] if row["State"] != "deleted"],
        "addresses": [row["AllocationId"] for row in ec2.describe_addresses()["Addresses"]],
        "launch templates": [row["LaunchTemplateName"] for row in ec2.describe_launch_templates()["LaunchTemplates"]],
        "volumes": [row["VolumeId"] for row in ec2.describe_volumes()["Volumes"]],
        "load balancers": [
            row["LoadBalancerName"] for row in system.client("elbv2").describe_load_balancers()["LoadBalancers"]
        ],
        "target groups": [
            row["TargetGroupName"] for row in system.client("elbv2").describe_target_groups()["TargetGroups"]
        ],
        "databases": [
            row["DBInstanceIdentifier"] for row in system.client("rds").describe_db_instances()["DBInstances"]
        ],
        "database subnet groups": [
            row["DBSubnetGroupName"] for row in system.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
        ],
        "caches": [
            row["ReplicationGroupId"]
            for row in system.client("elasticache").describe_replication_groups()["ReplicationGroups"]
        ],
        "secrets": [row["Name"] for row in system.client("secretsmanager").list_secrets()["SecretList"]],
        "repositories": [row["repositoryName"] for row in system.client("ecr").describe_repositories()["repositories"]],
        "certificates": [
            row["DomainName"] for row in system.client("acm").list_certificates()["CertificateSummaryList"]
        ],
        "zones": [row["Name"] for row in system.client("route53").list_hosted_zones()["HostedZones"]],
        "roles": [row["RoleName"] for row in iam.list_roles()["Roles"]],
        "policies": [row["PolicyName"] for row in iam.list_policies(Scope="Local")["Policies"]],
        "identity providers": [row["Arn"] for row in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]],
        "log groups": [row["logGroupName"] for row in system.client("logs").describe_log_groups()["logGroups"]],
    }


def test_teardown_leaves_nothing_in_the_account(torn_down):
    remains = {kind: names for kind, names in left(torn_down).items() if names}
    assert not remains


def test_teardown_of_nothing_changes_nothing(torn_down):
    run = torn_down.playbook("playbooks/teardown.yml", log="teardown-again")
    assert run.code == 0, run.output[-4000:]
    assert run.changed == 0


def test_a_killed_account_is_not_half_remembered(torn_down):
    instance = torn_down.instance
    (pid,) = lifecycle.daemon_pids(instance, "account")
    os.kill(pid, signal.SIGKILL)
    run = torn_down.sandbox("up")
    assert run.code == 0, run.output
    assert "starting empty" in run.output
    assert not torn_down.calls() or not [call for call in torn_down.calls() if call["mutating"]]


def test_down_leaves_nothing_on_the_machine(torn_down):
    instance = torn_down.instance
    run = torn_down.sandbox("down")
    assert run.code == 0, run.output
    assert lifecycle.processes(instance) == {}
    assert not still_running(f"{lifecycle.TOKEN}={instance.name}")
    assert instance.name not in Instance.names()
    assert not instance.state_dir.exists()
    addresses = output("ip", "-json", "address", "show", "lo")
    assert instance.services_address not in addresses
    assert not json.loads(output("ip", "-json", "route", "show", "root", instance.pod_cidr) or "[]")
    assert instance.network not in output("podman", "network", "ls", "--format", "{{.Name}}").split()
    assert not output(
        "podman", "ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster=flaskops-{instance.name}"
    )
    assert str(instance.state_dir) not in Path("/proc/mounts").read_text()


def still_running(token: str) -> dict[int, str]:
    """Processes that carry the token and do not end within seconds: {pid: program}.

    Podman's name server is one for all networks of the machine: whoever needed it first started it, and it ends with
    the last network's last container, which may be another instance's.
    """
    deadline = time.monotonic() + 10
    found: dict[int, str] = {}
    while time.monotonic() < deadline:
        found = {}
        for pid in carrying(token.encode()):
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/comm").read_text().strip()
        found = {pid: program for pid, program in found.items() if program != "aardvark-dns"}
        if not found:
            break
        time.sleep(0.5)
    return found


def output(*command: str) -> str:
    environment = {**os.environ, "CONTAINERS_CONF": str(ROOT / "sandbox" / "podman" / "containers.conf")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_killed_build_is_not_taken_for_a_finished_one(tmp_path, monkeypatch):
    """kind's own build, in a cache of the test's: killed at its start, then built by the next try."""
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path))
    log = tmp_path / "build.log"
    script = (
        f"from pathlib import Path; from sandbox import toolchain; toolchain.build(toolchain.KIND, Path({str(log)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(log)], cwd=ROOT, start_new_session=True)
    while not list(tmp_path.glob("tools/*.partial")):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not toolchain.KIND.ready
    toolchain.build(toolchain.KIND, log)
    assert "kind" in output(str(toolchain.KIND.program("kind")), "version")
