"""The sandbox CA, verified as by a client."""

from __future__ import annotations

import socket
import ssl
import stat
import threading

import pytest

from flaskops_sandbox import ca
from flaskops_sandbox.instance import Instance


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path / "state"))
    made = Instance.make("one")
    ca.ensure(made)
    return made


def handshake(instance: Instance, chain, key, name: str) -> str:
    """Return the TLS version that a verifying client negotiates for `name`."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=str(instance.ca_file))
    left, right = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(left, server_side=True):
                pass
        except OSError:
            left.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(right, server_hostname=name) as wrapped:
            return str(wrapped.version())
    finally:
        right.close()
        thread.join()


def test_client_with_the_ca_accepts_names_and_addresses(instance):
    chain, key = ca.issue(instance, "db", ["db.test"], ["198.18.77.1"])
    assert handshake(instance, chain, key, "db.test") == "TLSv1.3"
    assert handshake(instance, chain, key, "198.18.77.1") == "TLSv1.3"


def test_another_name_is_rejected(instance):
    chain, key = ca.issue(instance, "db", ["db.test"], [])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(instance, chain, key, "other.test")


def test_keys_are_private_and_created_once(instance):
    chain, key = ca.issue(instance, "db", ["db.test"], [])
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(instance.ca_key_file.stat().st_mode) == 0o600
    assert ca.issue(instance, "db", ["db.test"], [])[1].read_text() == before
    assert chain.read_text().count("BEGIN CERTIFICATE") == 2
