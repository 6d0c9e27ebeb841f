"""Every playbook by itself, on an empty account: its check run is a whole plan that changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from account_fakes import calls
from production import ROOT, UNPROTECTED, Production

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
# Charts come from their publishers, which tests do not ask. A plan of an empty account only renders their CRDs.
HELM = "#!/bin/sh\n[ \"$1\" = version ] && echo 'v3.18.4+gd80839c'\nexit 0\n"


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helm program that knows no chart."""
    program = tmp_path / "bin" / "helm"
    program.parent.mkdir()
    program.write_text(HELM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


def test_a_check_run_on_an_empty_account_plans_and_changes_nothing(production: Production, helm: None) -> None:
    seen = calls(production.running)[-1]["sequence"]
    failed = {}
    for playbook in PLAYBOOKS:
        run = production.play(playbook, "--check", dns_tls_zone_create=True, **UNPROTECTED)
        if run.failed:
            failed[playbook] = run.output
    assert not failed, "\n".join(f"== {playbook}\n{output}" for playbook, output in failed.items())
    assert not [call for call in calls(production.running, since=seen) if call["mutating"]]


@pytest.mark.parametrize("playbook", ["verify", "platform", "deploy", "cluster"])
def test_a_run_names_the_playbook_that_must_run_first(production: Production, playbook: str) -> None:
    first = {"verify": "cluster", "platform": "network", "deploy": "network", "cluster": "network"}
    run = production.play(playbook)
    assert (run.failed, run.changed) == (1, 0), run.output
    assert f"run playbooks/{first[playbook]}.yml first" in " ".join(run.output.split())
