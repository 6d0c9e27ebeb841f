"""The playbooks run from the installed collection, and from a checkout on which nothing but AWX's project update ran."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

from artifacts import PROGRAMS, ROOT, environment, install
from production import ZONE, Production

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def run(command: list[object], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-4000:]
    return output


def variables(production: Production) -> Path:
    """The file with what the owner of the inventory fills in."""
    path = production.folder / "owner.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(production.owner))
    return path


def test_the_installed_collection(stand_ins: list[Path], production: Production, tmp_path: Path) -> None:
    run([PROGRAMS / "ansible-galaxy", "collection", "build", "--output-path", tmp_path], ROOT, environment(""))
    collections = tmp_path / "collections"
    install([*tmp_path.glob("flaskops-eks-*.tar.gz"), *stand_ins], collections)
    env = environment(str(collections))
    inventory = ["-i", ROOT / "inventories" / "prod"]
    for playbook in PLAYBOOKS:
        run([PROGRAMS / "ansible-playbook", f"flaskops.eks.{playbook}", *inventory, "--syntax-check"], tmp_path, env)

    command = [PROGRAMS / "ansible-playbook", "flaskops.eks.dns_tls", *inventory, "-e", f"@{variables(production)}"]
    run([*command, "-e", "dns_tls_zone_create=true"], tmp_path, env)
    zones = production.client("route53").list_hosted_zones()["HostedZones"]
    assert [zone["Name"] for zone in zones] == [f"{ZONE}."]
    (certificate,) = production.client("acm").list_certificates()["CertificateSummaryList"]
    assert certificate["Status"] == "ISSUED"


def test_a_bare_checkout_as_awx_uses_it(requirements: Path, production: Production, tmp_path: Path) -> None:
    checkout = tmp_path / "project"
    archive = tmp_path / "project.tar"
    # What is tracked, with changes that are not committed yet.
    changed = subprocess.run(["git", "stash", "create"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    run(["git", "archive", "--output", archive, changed.strip() or "HEAD"], ROOT, environment(""))
    with tarfile.open(archive) as packed:
        packed.extractall(checkout, filter="fully_trusted")
    # AWX puts the folder of the requirements in front of what the project's ansible.cfg says.
    env = environment(f"{requirements}:collections", FLASKOPS_PLAN_FILE=str(tmp_path / "plan.json"))
    playbook = PROGRAMS / "ansible-playbook"
    run([playbook, "site.yml", "-i", "inventories/prod", "--syntax-check"], checkout, env)
    output = run(
        [playbook, "playbooks/network.yml", "-i", "inventories/prod", "-e", f"@{variables(production)}", "--check"],
        checkout,
        env,
    )
    assert "ec2_vpc_net flask-prod" in output
    assert not production.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["flask-prod"]}])["Vpcs"]
