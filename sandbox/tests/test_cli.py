"""Commands without a real instance: rejected arguments and decisions before anything starts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from flaskops_sandbox import cli, evidence, lifecycle, optional, preflight, summary
from flaskops_sandbox.images import build as images
from flaskops_sandbox.instance import Instance


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path / "state"))
    monkeypatch.setenv("FLASKOPS_CACHE_ROOT", str(tmp_path / "cache"))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "intern.test")
    # Commands change the environment of the process; restore it after the test.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.setenv(name, os.environ[name])


def test_misplaced_instance_name_removes_no_other_instance(monkeypatch, capsys):
    monkeypatch.setattr(lifecycle, "end", lambda _: pytest.fail("another instance was removed"))
    Instance.make("local")
    with pytest.raises(SystemExit):
        cli.main(["down", "other"])
    assert "--instance" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["down", "external-dns"], ["status", "external-dns"], ["up", "extrenal-dns"]])
def test_a_command_refuses_words_that_it_does_not_take(words, started, capsys):
    with pytest.raises(SystemExit):
        cli.main(words)
    assert words[1] in capsys.readouterr().err
    assert started == []


def test_keys_and_proxy_of_the_user_do_not_reach_the_sandbox(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "theirs")
    assert cli.main(["down", "--instance", "nobody"]) == 0
    assert not [name for name in os.environ if name.startswith("AWS_")]
    reached_directly = os.environ["no_proxy"].split(",")
    assert {"intern.test", Instance("any", 0).services_address, Instance("any", 7).address} <= set(reached_directly)
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"]


def test_missing_permission_names_the_next_step(monkeypatch, capsys):
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/var/lib/flaskops-eks/.lock")

    monkeypatch.setattr(cli, "ensure_state_root", refuse)
    assert cli.main(["down"]) == 1
    told = capsys.readouterr().err
    assert "/var/lib/flaskops-eks/.lock" in told and "sudo" in told


@pytest.fixture
def started(monkeypatch) -> list[object]:
    """Record the steps of `up` instead of building or starting anything."""
    done: list[object] = []
    monkeypatch.setattr(images, "ensure", lambda _, published: done.append(("built", published)))
    monkeypatch.setattr(optional, "ensure", lambda names, *_: done.extend(("added", name) for name in names))
    monkeypatch.setattr(lifecycle, "start", lambda instance, _: done.append(("started", instance.name)))
    monkeypatch.setattr(lifecycle, "end", lambda instance: (done.append(("ended", instance.name)), instance.forget()))
    monkeypatch.setattr(lifecycle, "remains", lambda _: [])
    monkeypatch.setattr(preflight, "problems", lambda *_, **__: [])
    return done


@pytest.mark.parametrize("reached", [True, False])
def test_new_instance_uses_the_registry_if_reachable(reached, started, monkeypatch):
    monkeypatch.setattr(images, "registry_reached", lambda: reached)
    assert cli.main(["up", "--instance", "one"]) == 0
    assert started == [("built", reached), ("started", "one")]


def test_running_instance_keeps_its_mode(started, monkeypatch):
    monkeypatch.setattr(images, "registry_reached", lambda: True)
    monkeypatch.setattr(lifecycle, "healthy", lambda *_: True)
    Instance.make("one").facts_file.write_text('{"published_node_image": false, "charts": {}}')
    assert cli.main(["up", "--instance", "one"]) == 0
    assert started == [("built", False), ("started", "one")]


def test_an_optional_controller_is_built_once_for_the_machine_or_added_to_an_instance(started, monkeypatch):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    assert cli.main(["build", "external-dns"]) == 0
    assert started == [("built", False), ("added", "external-dns")]
    assert cli.main(["up", "external-dns", "--instance", "one"]) == 0
    assert started[2:] == [("built", False), ("added", "external-dns"), ("started", "one")]


def test_an_instance_keeps_its_optional_controllers(started, monkeypatch):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    monkeypatch.setattr(lifecycle, "healthy", lambda *_: True)
    facts = {"published_node_image": False, "charts": {"external_dns": "/chart", "metrics_server": "/other"}}
    Instance.make("one").facts_file.write_text(json.dumps(facts))
    assert cli.main(["up", "--instance", "one"]) == 0
    assert started == [("built", False), ("added", "external-dns"), ("started", "one")]


def test_dead_instance_is_removed_before_it_starts_empty(started, monkeypatch, capsys):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    monkeypatch.setattr(lifecycle, "healthy", lambda *_: False)
    Instance.make("one")
    assert cli.main(["up", "--instance", "one"]) == 0
    assert started == [("ended", "one"), ("built", False), ("started", "one")]
    assert "starting empty" in capsys.readouterr().out


def test_failed_preflight_starts_nothing(started, monkeypatch, capsys):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    monkeypatch.setattr(preflight, "problems", lambda *_, **__: ["port in use"])
    assert cli.main(["up", "--instance", "one"]) == 2
    assert started == [] and Instance.names() == []
    assert "refused: port in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("made", "account", "balancer", "code", "word"),
    [
        (False, False, False, 3, "instance 'one': does not exist"),
        (True, False, False, 1, "account"),
        (True, True, False, 1, "load balancer"),
        (True, True, True, 0, ""),
    ],
)
def test_status_reports_dead_components_by_exit_code(made, account, balancer, code, word, monkeypatch, capsys):
    if made:
        Instance.make("one")
    monkeypatch.setattr(lifecycle, "healthy", lambda *_: account)
    monkeypatch.setattr(lifecycle, "daemon_pids", lambda *_: [1] if balancer else [])
    monkeypatch.setattr(summary, "text", lambda _: "it runs")
    assert cli.main(["status", "--instance", "one"]) == code
    told = capsys.readouterr()
    assert word in told.err and ("it runs" in told.out) == (code == 0)


def site_yml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Install a fake ansible-playbook with the given body beside a Python."""
    program = tmp_path / "ansible-playbook"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))


def test_failed_run_prints_the_evidence_folder(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    site_yml(monkeypatch, tmp_path, "exit 4")
    assert cli.main(["deploy", "--instance", "one"]) == 4
    (folder,) = evidence.folders(Instance.load("one"))
    assert capsys.readouterr().err.splitlines()[-1] == f"evidence: {folder}"


def test_successful_run_collects_no_evidence(started, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    monkeypatch.setattr(summary, "text", lambda _: "")
    site_yml(monkeypatch, tmp_path, "exit 0")
    assert cli.main(["deploy", "--instance", "one"]) == 0
    assert evidence.folders(Instance.load("one")) == []


def test_arguments_after_dashes_are_passed_to_ansible(started, monkeypatch, tmp_path):
    monkeypatch.setattr(images, "registry_reached", lambda: False)
    monkeypatch.setattr(summary, "text", lambda _: "")
    site_yml(monkeypatch, tmp_path, f'echo "$FLASKOPS_INSTANCE $*" > {tmp_path}/told')
    assert cli.main(["deploy", "--instance", "one", "--", "--check", "--tags", "x"]) == 0
    assert (tmp_path / "told").read_text() == "one site.yml -i inventories/local --check --tags x\n"
