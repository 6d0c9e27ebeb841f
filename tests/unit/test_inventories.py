"""The inventories have the same files and variables, so that a diff between two of them shows values only."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

INVENTORIES = Path(__file__).resolve().parents[2] / "inventories"
ENVIRONMENTS = ("local", "dev", "staging", "prod")

SANDBOX = "which sandbox it is, and how it is reached"
CLOCK = "nothing takes minutes in the sandbox; elsewhere the role's default fits AWS"
EXCEPTIONS = {
    "flaskops_sandbox": SANDBOX,
    "flaskops_sandbox_credentials": SANDBOX,
    "flaskops_sandbox_folder": SANDBOX,
    "flaskops_sandbox_missing": SANDBOX,
    "flaskops_sandbox_name": SANDBOX,
    "eks_kubeconfig_arguments": "only the sandbox has its credentials in a file and an endpoint of its own",
    **dict.fromkeys(
        (
            "external_dns_chart_ref",
            "external_dns_chart_repo_url",
            "external_dns_credentials",
            "external_dns_endpoint_url",
            "external_dns_environment_secret",
            "external_dns_image",
            "external_dns_interval",
        ),
        SANDBOX,
    ),
    "flaskops_helm_path": "elsewhere the helm on PATH is used",
    "data_stores_poll_seconds": CLOCK,
    "eks_poll_seconds": CLOCK,
    "eks_wait_timeout": CLOCK,
    "network_poll_seconds": CLOCK,
    "dns_tls_zone_create": "only prod's zone is there before the first run",
}
FILES = sorted({path.name for path in INVENTORIES.glob("*/group_vars/all/*.yml")})


def variables(environment: str, file: str) -> set[str]:
    """Variables that the environment sets in that file. A missing file sets none."""
    path = INVENTORIES / environment / "group_vars" / "all" / file
    return set(yaml.safe_load(path.read_text(encoding="utf-8"))) if path.exists() else set()


def differing(file: str) -> set[str]:
    """Variables of that file that not every environment sets."""
    found = [variables(environment, file) for environment in ENVIRONMENTS]
    return set.union(*found) - set.intersection(*found)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_has_the_same_files(environment: str) -> None:
    assert {path.name for path in (INVENTORIES / environment / "group_vars" / "all").iterdir()} == set(FILES)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("file", FILES)
def test_a_file_holds_the_variables_of_its_role(environment: str, file: str) -> None:
    prefix = f"{file.removesuffix('.yml')}_"
    assert not [name for name in variables(environment, file) if not name.startswith(prefix)]


@pytest.mark.parametrize("file", FILES)
def test_every_environment_sets_the_same_variables(file: str) -> None:
    assert not differing(file) - EXCEPTIONS.keys()


def test_exceptions_are_still_needed() -> None:
    assert set().union(*map(differing, FILES)) == EXCEPTIONS.keys()
