"""Run playbooks of inventories/prod against the sandbox account. Databases are real; Kubernetes is a fake endpoint.

`owner` holds the values that each user must set and those that the sandbox cannot provide.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from account_fakes import Running, calls

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
RECAP = re.compile(r"^localhost\s+: ok=\d+\s+changed=(\d+)\s+unreachable=\d+\s+failed=(\d+)", re.M)
ZONE = "prod.example.com"
UNPROTECTED = {
    "eks_deletion_protection": False,
    "data_stores_database_deletion_protection": False,
    "data_stores_database_final_snapshot": False,
}


@dataclass
class Run:
    """A finished playbook run."""

    changed: int
    failed: int
    output: str


@dataclass
class Production:
    """inventories/prod with the emulated account."""

    running: Running
    owner: dict[str, Any]
    folder: Path

    def client(self, service: str) -> Any:
        return self.running.client(service)

    def play(self, name: str, *options: str, **variables: Any) -> Run:
        given = self.folder / "variables.json"
        given.touch(mode=0o600)
        given.write_text(json.dumps({**self.owner, **variables}))
        command = [PLAYBOOK, f"playbooks/{name}.yml", "-i", "inventories/prod", "-e", f"@{given}", *options]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AWS_"))}
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env={**environment, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1",
                 "FLASKOPS_PLAN_FILE": str(self.folder / "plan.json")},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )  # fmt: skip
        changed, failed = map(int, (RECAP.findall(done.stdout) or [(0, 1)])[-1])
        return Run(changed, failed, done.stdout[-6000:] + done.stderr[-2000:])

    def plan(self, name: str, **variables: Any) -> Run:
        """Run in check mode. It must succeed without a changing API call."""
        seen = calls(self.running)[-1]["sequence"]
        run = self.play(name, "--check", "--diff", **variables)
        assert run.failed == 0, run.output
        assert not [call for call in calls(self.running, since=seen) if call["mutating"]]
        return run


@pytest.fixture
def managed_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the AWS managed policies, as the sandbox does. It takes seconds, so other tests do without."""
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")


@pytest.fixture
def production(managed_policies: None, running: Running, tmp_path: Path) -> Iterator[Production]:
    keys = running.account.instance.credentials()["deployer"]
    aws = {"region": "eu-west-1", "endpoint_url": running.url, "profile": ""}
    aws |= {name: keys[name] for name in ("access_key", "secret_key")}
    owner = {
        "flaskops_account_id": running.account.instance.account_id,
        "flaskops_aws": aws,
        "dns_tls_zone_name": ZONE,
        "eks_public_access_cidrs": ["8.8.8.0/24"],
        "eks_admin_principal_arn": running.role("deployers", "ec2.amazonaws.com"),
        "eks_kubeconfig_path": str(tmp_path / "kubeconfig"),
        # Limits of the sandbox: its PostgreSQL version and two nodes.
        "data_stores_database_engine_version": "15",
        "data_stores_database_storage_type": "gp2",
        "eks_node_groups": [
            {"name": "general", "instance_types": ["m6i.large"], "min_size": 2, "max_size": 10, "desired_size": 2}
        ],
        **{f"{role}_poll_seconds": 1 for role in ("network", "eks", "data_stores")},
    }
    return Production(running, owner, tmp_path)
