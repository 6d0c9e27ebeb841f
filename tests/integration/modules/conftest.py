"""The sandbox's account in this process, and a way to run a module of ours against it."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.loaders
import pytest
from ansible.module_utils.testing import patch_module_args

sys.path.insert(0, str(Path(__file__).parents[3] / "sandbox" / "tests" / "account"))

from account_fakes import Running
from account_running import instance as instance
from account_running import running as running
from account_running import state_root as state_root

LOADER = botocore.loaders.create_loader()

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(running: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a module's main() with the deployer's credentials and return its result."""
    # Every new session would read the service models of botocore again.
    monkeypatch.setattr(botocore.loaders, "create_loader", lambda *_: LOADER)
    keys = running.account.instance.credentials()["deployer"]

    def run_module(name: str, /, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {
            "region": "eu-west-1",
            "endpoint_url": running.url,
            "access_key": keys["access_key"],
            "secret_key": keys["secret_key"],
            "_ansible_check_mode": check_mode,
            **options,
        }
        module = importlib.import_module(f"ansible_collections.flaskops.eks.plugins.modules.{name}")
        capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return dict(json.loads(capsys.readouterr().out))

    return run_module
