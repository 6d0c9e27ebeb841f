"""The final screen: printed commands work when copied."""

from __future__ import annotations

import pytest

from flaskops_sandbox import summary
from flaskops_sandbox.commands import CommandError
from flaskops_sandbox.instance import Instance
from flaskops_sandbox.kubernetes import cluster

INSTANCE = Instance("one", 3)


@pytest.fixture(autouse=True)
def deployed(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path))
    monkeypatch.setattr(cluster, "exists", lambda *_: True)
    monkeypatch.setattr(summary, "hosts", lambda _: ["app.test"])
    monkeypatch.setattr(summary, "run", lambda *_, **__: "flask api-1 1/1 Running\n")
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("proxy", "direct"), [("", False), ("http://proxy.test:3128", True)])
def test_curl_bypasses_a_proxy(proxy, direct, monkeypatch):
    monkeypatch.setenv("no_proxy", "intern.test")
    if proxy:
        monkeypatch.setenv("https_proxy", proxy)
    lines = [line for line in summary.text(INSTANCE).splitlines() if line.lstrip().startswith("curl")]
    assert len(lines) == 2
    assert all("--resolve app.test:443:127.90.3.1" in line and ("--noproxy '*'" in line) == direct for line in lines)


def test_unresponsive_cluster_does_not_break_the_screen(monkeypatch):
    def fail(*_: object, **__: object) -> str:
        raise CommandError("connection refused")

    monkeypatch.setattr(summary, "run", fail)
    told = summary.text(INSTANCE)
    assert "connection refused" in told and "Service  https://app.test/" in told


def test_missing_cluster_names_the_next_step(monkeypatch):
    monkeypatch.setattr(cluster, "exists", lambda *_: False)
    assert "make up" in summary.text(INSTANCE)
