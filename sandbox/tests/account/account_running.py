"""The account in process: extended moto on 127.0.0.1 with a fake Kubernetes."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from account_fakes import FakeKubernetes, LoopbackInstance, Running, free_port
from moto.core import base_backend

from flaskops_sandbox import ca
from flaskops_sandbox.account.server import Account, make_http_server
from flaskops_sandbox.instance import Instance


@pytest.fixture
def state_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that other system users may enter, as PostgreSQL's must; pytest's own folders are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="flaskops-"))
    folder.chmod(0o711)
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def instance(state_root: Path) -> Instance:
    made = Instance.make("test")
    ca.ensure(made)
    return LoopbackInstance(name=made.name, index=made.index)


@pytest.fixture
def running(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", instance.account_id)
    kubernetes = FakeKubernetes()
    account = Account(instance, kubernetes, pause=0.05, registry_port=free_port())
    server = make_http_server(account, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Running(account, kubernetes, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        account.stop()
        base_backend.BackendDict.reset()
