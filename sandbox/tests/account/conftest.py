"""Fixtures: a running account with the resources that EKS needs."""

from __future__ import annotations

from typing import Any

import pytest
from account_fakes import Network, Running, create_cluster
from account_running import instance as instance
from account_running import running as running
from account_running import state_root as state_root


@pytest.fixture
def network(running: Running) -> Network:
    ec2 = running.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate("ab")
    ]
    return Network(vpc_id, subnet_ids)


@pytest.fixture
def cluster(running: Running, network: Network) -> dict[str, Any]:
    """An ACTIVE cluster `dev` in API mode, made by the deployer without bootstrap rights."""
    return create_cluster(running, network)
