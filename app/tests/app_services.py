"""Real servers for the tests: PostgreSQL, MariaDB and Redis as child processes on 127.0.0.1, with TLS from a test CA.

No test is skipped: a missing program fails the run with the name of its Debian package.
"""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PASSWORD = "test-password-that-never-shows"
USER = "flask"


class MissingProgram(Exception):
    """A server that the tests need is not installed."""


def find(name: str, package: str, *folders: str) -> str:
    """Return the path of a program. Raises MissingProgram, which names the Debian package."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin", *folders])
    found = shutil.which(name, path=path)
    if found is None:
        raise MissingProgram(f"{name} is not installed: apt-get install --no-install-recommends {package}")
    return found


def free_port() -> int:
    """Return an unused port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return t.cast("int", probe.getsockname()[1])


def wait_until(condition: t.Callable[[], bool], what: str, seconds: float = 20.0, pause: float = 0.05) -> None:
    """Return when the condition holds. Raises AssertionError with `what` otherwise."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(pause)


def listening(port: int) -> bool:
    """Whether a server listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True)
class Server:
    """A running server: its port and the CA of its certificate."""

    port: int
    ca_file: Path
    directory: Path


def _account(name: str) -> dict[str, t.Any]:
    """Return subprocess arguments to run as `name` if the tests run as root, because the servers refuse root."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def directory(account: dict[str, t.Any]) -> Iterator[Path]:
    """Create a directory owned by the account. pytest's tmp_path is readable by its own user only."""
    path = Path(tempfile.mkdtemp(prefix="flaskapp-test-"))
    if account:
        os.chown(path, account["user"], account["group"])
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def own(path: Path, account: dict[str, t.Any]) -> None:
    """Make a secret file readable by the account only."""
    path.chmod(0o600)
    if account:
        os.chown(path, account["user"], account["group"])


@contextlib.contextmanager
def process(
    arguments: list[str], log: Path, stop: int = signal.SIGTERM, **options: t.Any
) -> Iterator[subprocess.Popen]:
    """Run a program. At exit, stop it and wait for it, with its children if it leads a session."""
    with log.open("wb") as output:
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options)
        try:
            yield child
        finally:
            if child.poll() is None:
                if options.get("start_new_session"):
                    os.killpg(child.pid, stop)
                else:
                    child.send_signal(stop)
            try:
                child.wait(timeout=15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _up(child: subprocess.Popen, port: int, log: Path) -> None:
    def up() -> bool:
        if child.poll() is not None:
            raise AssertionError(f"the server ended:\n{log.read_text(errors='replace')[-3000:]}")
        return listening(port)

    wait_until(up, f"server on port {port}: {log}", 30)


class TestAuthority:
    """A certificate authority for one test run."""

    __test__ = False

    def __init__(self, directory: Path, name: str = "flaskapp test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            self._builder(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file = directory / "ca.crt"
        self.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
        )

    def issue(self, target: Path, account: dict[str, t.Any]) -> tuple[Path, Path]:
        """Write a key and a certificate for localhost and 127.0.0.1 (servers listen on 127.0.0.2 too, without one)."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        certificate_file, key_file = target / "server.crt", target / "server.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        own(certificate_file, account)
        own(key_file, account)
        return certificate_file, key_file


@contextlib.contextmanager
def postgresql(authority: TestAuthority) -> Iterator[Server]:
    """Run PostgreSQL with the superuser USER, password PASSWORD and optional TLS."""
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    initdb = find("initdb", "postgresql", *folders)
    server = find("postgres", "postgresql", *folders)
    account = _account("postgres")
    with directory(account) as home:
        certificate, key = authority.issue(home, account)
        password = home / "password"
        password.write_text(PASSWORD)
        own(password, account)
        data, port, log = home / "data", free_port(), home / "log"
        subprocess.run(
            [
                initdb,
                "-D",
                str(data),
                "-U",
                USER,
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--no-sync",
                "--no-instructions",
                "--encoding=UTF8",
                "--locale=C",
            ],
            check=True,
            capture_output=True,
            cwd=home,
            **account,
        )
        settings = {
            "listen_addresses": "127.0.0.1,127.0.0.2",
            "port": port,
            "unix_socket_directories": str(home),
            "fsync": "off",
            "shared_buffers": "16MB",
            "ssl": "on",
            "ssl_cert_file": certificate,
            "ssl_key_file": key,
        }
        arguments = [server, "-D", str(data)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        with process(arguments, log, signal.SIGINT, cwd=home, **account) as child:
            _up(child, port, log)
            yield Server(port, authority.ca_file, home)


@contextlib.contextmanager
def mysql(authority: TestAuthority) -> Iterator[Server]:
    """Run MariaDB with the user USER, password PASSWORD, all privileges and optional TLS."""
    install = find("mariadb-install-db", "mariadb-server-core")
    server = find("mariadbd", "mariadb-server-core")
    account = _account("mysql")
    with directory(account) as home:
        certificate, key = authority.issue(home, account)
        data, port, log = home / "data", free_port(), home / "log"
        subprocess.run(
            [
                install,
                "--no-defaults",
                f"--datadir={data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--skip-name-resolve",
            ],
            check=True,
            capture_output=True,
            cwd=home,
            **account,
        )
        users = home / "users.sql"
        users.write_text(  # one statement a line
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
        )
        own(users, account)
        arguments = [
            server,
            "--no-defaults",
            f"--datadir={data}",
            "--bind-address=127.0.0.1,127.0.0.2",
            f"--port={port}",
            f"--socket={home / 'socket'}",
            f"--pid-file={home / 'pid'}",
            f"--init-file={users}",
            "--skip-name-resolve",
            f"--ssl-cert={certificate}",
            f"--ssl-key={key}",
            "--innodb-buffer-pool-size=16M",
            "--innodb-log-file-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-log-bin",
            "--performance-schema=OFF",
        ]
        with process(arguments, log, cwd=home, **account) as child:
            _up(child, port, log)
            yield Server(port, authority.ca_file, home)


@contextlib.contextmanager
def redis(authority: TestAuthority, tls: bool = False) -> Iterator[Server]:
    """Run Redis with the password PASSWORD, with `tls` over TLS only."""
    server = find("redis-server", "redis-server")
    account = _account("redis")
    with directory(account) as home:
        port, log, settings = free_port(), home / "log", home / "redis.conf"
        lines = ["bind 127.0.0.1 127.0.0.2", 'save ""', "appendonly no", f"dir {home}", f"requirepass {PASSWORD}"]
        if tls:
            certificate, key = authority.issue(home, account)
            lines += [
                "port 0",
                f"tls-port {port}",
                f"tls-cert-file {certificate}",
                f"tls-key-file {key}",
                "tls-auth-clients no",
                f"tls-ca-cert-file {_copy(authority.ca_file, home)}",
            ]
        else:
            lines += [f"port {port}"]
        settings.write_text("\n".join(lines) + "\n")
        own(settings, account)
        with process([server, str(settings)], log, cwd=home, **account) as child:
            _up(child, port, log)
            yield Server(port, authority.ca_file, home)


def _copy(source: Path, home: Path) -> Path:
    """Copy the CA to a directory that the server's account can read."""
    target = home / "ca.crt"
    target.write_bytes(source.read_bytes())
    target.chmod(0o644)
    return target
