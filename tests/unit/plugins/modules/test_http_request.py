"""The module http_request with real servers, with and without TLS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.modules import http_request
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "api.flask.example"


class Handler(BaseHTTPRequestHandler):
    """Echoes what it was asked; /old leads elsewhere, /away to another host."""

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        seen = {
            "host": self.headers["Host"],
            "method": self.command,
            "type": self.headers.get("Content-Type"),
            "body": self.rfile.read(length).decode(),
        }
        moved = {"/old": "/new", "/away": "https://elsewhere.example/", "/loop": "/loop"}.get(self.path)
        self.send_response(301 if moved else 503 if self.path == "/sick" else 200)
        if moved:
            self.send_header("Location", moved)
        self.end_headers()
        self.wfile.write(json.dumps({**seen, "path": self.path}).encode())

    do_GET = do_POST = answer

    def log_message(self, *_arguments: Any) -> None:
        """Keep the test output clean."""


def write_certificate(folder: Path, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    path = folder / "cert.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path


def serve(context: ssl.SSLContext | None) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("ca"), NAME)


@pytest.fixture(scope="module")
def secure(ca: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, ca.with_name("key.pem"))
    yield from serve(context)


@pytest.fixture(scope="module")
def plain() -> Iterator[int]:
    yield from serve(None)


def run(url: str, **params: Any) -> dict[str, Any]:
    defaults = {name: option.get("default") for name, option in http_request.argument_spec().items()}
    return http_request.run({**defaults, "url": url, "connect_address": "127.0.0.1", "timeout": 5.0, **params})


def test_connects_to_the_address_and_keeps_the_name(secure: int, ca: Path) -> None:
    result = run(f"https://{NAME}:{secure}/status?full=1", ca_path=str(ca))
    assert "msg" not in result
    assert result["status"] == 200
    assert result["json"]["host"] == f"{NAME}:{secure}"
    assert result["json"]["path"] == "/status?full=1"
    assert result["certificate"]["subject"] == f"commonName={NAME}"
    assert result["certificate"]["issuer"] == f"commonName={NAME}"
    assert result["certificate"]["names"] == [NAME]
    assert result["changed"] is False


def test_certificate_for_another_name_is_rejected(secure: int, ca: Path) -> None:
    result = run(f"https://other.flask.example:{secure}/", ca_path=str(ca))
    assert "not trusted" in result["msg"]
    assert "status" not in result


def test_certificate_of_an_unknown_ca_is_rejected(secure: int) -> None:
    assert "not trusted" in run(f"https://{NAME}:{secure}/")["msg"]


def test_a_missing_ca_file_is_named(secure: int, tmp_path: Path) -> None:
    missing = tmp_path / "none.crt"
    assert str(missing) in run(f"https://{NAME}:{secure}/", ca_path=str(missing))["msg"]


def test_sends_json(plain: int) -> None:
    seen = run(f"http://{NAME}:{plain}/tasks", method="POST", body={"title": "one"}, headers={"X-Id": 1})["json"]
    assert (seen["method"], seen["type"], json.loads(seen["body"])) == ("POST", "application/json", {"title": "one"})


def test_a_wrong_status_fails_with_the_body(plain: int) -> None:
    result = run(f"http://{NAME}:{plain}/sick")
    assert "answered 503, wanted 200" in result["msg"]
    assert "/sick" in result["msg"]
    assert result["status"] == 503


def test_redirect_is_returned(plain: int) -> None:
    result = run(f"http://{NAME}:{plain}/old", status_code=[301])
    assert "msg" not in result
    assert result["headers"]["location"] == "/new"


@pytest.mark.parametrize(
    ("path", "status", "end"),
    [("/old", 200, "/new"), ("/away", 301, "/away")],
    ids=["same name", "another name"],
)
def test_follows_redirects_only_to_the_same_name(plain: int, path: str, status: int, end: str) -> None:
    result = run(f"http://{NAME}:{plain}{path}", follow_redirects=True, status_code=[200, 301])
    assert (result["status"], result["json"]["path"]) == (status, end)


def test_endless_redirect_fails(plain: int) -> None:
    assert "redirects" in run(f"http://{NAME}:{plain}/loop", follow_redirects=True)["msg"]


def test_connection_refused(plain: int) -> None:
    assert "no answer from 127.0.0.2" in run(f"http://{NAME}:{plain}/", connect_address="127.0.0.2")["msg"]


@pytest.mark.parametrize("url", ["api.example.com/status", "ftp://api.example.com", "https://"])
def test_invalid_url(url: str) -> None:
    assert "is no URL" in run(url)["msg"]
