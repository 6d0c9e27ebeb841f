"""Tokens and certificates, and the result without a cluster."""

from __future__ import annotations

import base64
import stat
import typing as t
import urllib.parse
from pathlib import Path

import pytest
from ansible_collections.flaskops.eks.plugins.plugin_utils import _cluster_auth as auth
from botocore.stub import Stubber

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()
CONNECTION = auth.Connection(
    region="eu-west-1", endpoint_url="http://127.0.0.1:4566", access_key="AKIATEST", secret_key="sentinel-secret"
)


@pytest.fixture
def eks(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Stubber]:
    """The EKS client of the session, stubbed; STS is real, it is only asked to sign."""
    session = CONNECTION.session()
    client = session.client("eks")
    real = session.client
    monkeypatch.setattr(session, "client", lambda name, **options: client if name == "eks" else real(name, **options))
    monkeypatch.setattr(auth.Connection, "session", lambda _self: session)
    with Stubber(client) as stub:
        yield stub


def ask(tmp_path: Path, check_mode: bool = False) -> dict[str, str]:
    return auth.cluster_auth("flask-test", CONNECTION, check_mode=check_mode, ca_folder=tmp_path / "ca")


def test_active_cluster(eks: Stubber, tmp_path: Path) -> None:
    """Host, certificate and a token that presigns GetCallerIdentity for this cluster."""
    cluster = {
        "name": "flask-test",
        "status": "ACTIVE",
        "endpoint": "https://k",
        "certificateAuthority": {"data": DATA},
    }
    eks.add_response("describe_cluster", {"cluster": cluster}, {"name": "flask-test"})
    found = ask(tmp_path)
    assert found["host"] == "https://k"
    assert Path(found["ca_cert"]).read_bytes() == PEM
    prefix, _, encoded = found["api_key"].rpartition(".")
    assert prefix == "k8s-aws-v1"
    assert "=" not in encoded
    url = urllib.parse.urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    query = urllib.parse.parse_qs(url.query)
    assert url.netloc == "127.0.0.1:4566"
    assert query["Action"] == ["GetCallerIdentity"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Credential"][0].split("/")[2:4] == ["eu-west-1", "sts"]
    assert "sentinel-secret" not in str(found)


@pytest.mark.parametrize("missing", ["absent", "creating"])
def test_cluster_does_not_exist_yet(eks: Stubber, tmp_path: Path, missing: str) -> None:
    """Placeholders in check mode; otherwise an error with the name and the next step."""
    for _ in range(2):
        if missing == "absent":
            eks.add_client_error("describe_cluster", "ResourceNotFoundException", "No cluster found", 404)
        else:
            eks.add_response("describe_cluster", {"cluster": {"name": "flask-test", "status": "CREATING"}})
    assert ask(tmp_path, check_mode=True) == dict.fromkeys(("host", "ca_cert", "api_key"), "(known after apply)")
    with pytest.raises(auth.ClusterAuthError, match=r"flask-test .*first\."):
        ask(tmp_path)


def test_denied_in_check_mode_is_an_error(eks: Stubber, tmp_path: Path) -> None:
    """A plan never hides that one may not look."""
    eks.add_client_error("describe_cluster", "AccessDeniedException", "no", 403)
    with pytest.raises(auth.ClusterAuthError, match=r"flask-test cannot be described: AccessDeniedException"):
        ask(tmp_path, check_mode=True)


def test_unknown_name_needs_no_aws(tmp_path: Path) -> None:
    """A cluster with an unknown name."""
    found = auth.cluster_auth("(known after apply)", CONNECTION, check_mode=True, ca_folder=tmp_path)
    assert found["api_key"] == "(known after apply)"


def test_authority_is_written_once(tmp_path: Path) -> None:
    """Named by content, readable, not written again, repaired when damaged."""
    path = auth.store_authority(DATA, tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    before = path.stat().st_ino
    assert auth.store_authority(DATA, tmp_path) == path
    assert path.stat().st_ino == before
    path.write_bytes(b"")
    assert auth.store_authority(DATA, tmp_path).read_bytes() == PEM
    with pytest.raises(auth.ClusterAuthError, match="not base64"):
        auth.store_authority("???", tmp_path)


def test_secrets_are_not_in_its_repr() -> None:
    """A connection may end up in a traceback."""
    assert "sentinel-secret" not in repr(CONNECTION)
