"""A second sandbox instance beside the one of the chain: they share nothing, and its removal keeps the first.

Its account daemon is killed during cluster creation, as the out-of-memory killer would do.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from machine import assert_gone, containers
from system import System

from flaskops_sandbox import lifecycle

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def second(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    made = System(f"{system.name}-2", tmp_path_factory.mktemp("second"))
    assert made.sandbox("down").code == 0
    started = made.sandbox("up")
    assert started.code == 0, started.output
    yield made
    assert made.sandbox("down").code == 0


def create_cluster(system: System) -> None:
    """Create a cluster with the API in the default VPC. Return when its first node is being created."""
    subnets = system.client("ec2").describe_subnets()["Subnets"]
    role = system.client("iam").create_role(RoleName="cluster", AssumeRolePolicyDocument=json.dumps(TRUST))
    system.client("eks").create_cluster(
        name="second",
        roleArn=role["Role"]["Arn"],
        resourcesVpcConfig={"subnetIds": [subnet["SubnetId"] for subnet in subnets]},
    )
    deadline = time.monotonic() + 120
    while not containers(system.instance):
        assert time.monotonic() < deadline, "kind did not start a node"
        time.sleep(0.2)


def kill_the_account(system: System) -> None:
    (pid,) = lifecycle.daemon_pids(system.instance, "account")
    os.kill(pid, signal.SIGKILL)


def test_instances_share_nothing(system: System, second: System):
    before = system.last_call()
    vpc = second.client("ec2").create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    assert vpc not in {row["VpcId"] for row in system.client("ec2").describe_vpcs()["Vpcs"]}
    assert not [call for call in system.calls(before) if call["mutating"]]
    first_keys, second_keys = system.instance.credentials(), second.instance.credentials()
    assert not {row["secret_key"] for row in first_keys.values()} & {row["secret_key"] for row in second_keys.values()}
    assert system.instance.ca_file.read_text() != second.instance.ca_file.read_text()
    assert set(lifecycle.processes(system.instance)).isdisjoint(lifecycle.processes(second.instance))


def test_up_cleans_an_account_killed_during_cluster_creation(second: System):
    create_cluster(second)
    assert second.client("eks").describe_cluster(name="second")["cluster"]["status"] == "CREATING"
    kill_the_account(second)
    run = second.sandbox("up")
    assert run.code == 0, run.output
    assert "starting empty" in run.output
    assert second.client("eks").list_clusters()["clusters"] == []
    assert not containers(second.instance)


def test_down_removes_a_killed_instance_completely(second: System):
    instance = second.instance
    create_cluster(second)
    kill_the_account(second)
    run = second.sandbox("down")
    assert run.code == 0, run.output
    assert_gone(instance)


def test_first_instance_is_unaffected(system: System, second: System):
    assert system.sandbox("status").code == 0
    nodes = system.kubectl("get", "nodes", "-o", "json")
    assert nodes.returncode == 0, nodes.stderr
    conditions = [
        condition
        for node in json.loads(nodes.stdout)["items"]
        for condition in node["status"]["conditions"]
        if condition["type"] == "Ready"
    ]
    assert len(conditions) == 3 and {condition["status"] for condition in conditions} == {"True"}
    verified = system.playbook("playbooks/verify.yml", log="verify-beside-the-second")
    assert verified.code == 0, verified.output[-4000:]
