"""TLS of HTTPS listeners: select the certificate by SNI."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

log = logging.getLogger("flaskops_sandbox.alb")


def name_matches(pattern: str, name: str) -> bool:
    """Whether a certificate's name covers a host name; a leading `*.` stands for exactly one label (RFC 6125)."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == pattern[2:]
    return pattern == name


def choose(names: Sequence[Sequence[str]], asked: str | None) -> int:
    """The index of the certificate to present: an exact name, else a wildcard, else the default one (index 0).

    `names` holds each certificate's names, in the listener's order. After "SSL certificates" in the user guide: no
    match, and a client without SNI, gets the default certificate.
    """
    if asked:
        for exact in (True, False):
            for index, covered in enumerate(names):
                for pattern in covered:
                    if name_matches(pattern, asked) and (not pattern.startswith("*.")) is exact:
                        return index
    return 0


def minimum_version(policy: str) -> ssl.TLSVersion:
    """The lowest protocol version of a security policy; never below 1.2, whatever an older policy would allow."""
    return ssl.TLSVersion.TLSv1_3 if "TLS13-1-3" in policy else ssl.TLSVersion.TLSv1_2


def certificate_folder(certs_dir: Path, arn: str) -> Path:
    """Where the account keeps what it issued: certs/acm/<uuid of the certificate>/{chain.pem,key.pem}."""
    return certs_dir / "acm" / arn.rpartition("/")[2]


@dataclass(frozen=True)
class _Loaded:
    written: int  # st_mtime_ns of the chain, to notice a renewed certificate
    context: ssl.SSLContext
    names: tuple[str, ...]


class Certificates:
    """The certificates of the account as TLS contexts, read when first needed and again when renewed."""

    def __init__(self, certs_dir: Path) -> None:
        self._certs_dir = certs_dir
        self._loaded: dict[str, _Loaded] = {}
        self._reported: set[str] = set()

    def listener_context(self, policy: str, arns: Callable[[], Sequence[str]]) -> ssl.SSLContext:
        """The context that a listener's socket gets. `arns` is asked at every handshake, so that changed
        certificates count for the next connection without closing the socket."""
        outer = _server_context(minimum_version(policy))

        def on_name(
            connection: ssl.SSLObject | ssl.SSLSocket, asked: str | None, _context: ssl.SSLContext
        ) -> int | None:
            found = [loaded for loaded in map(self._load, arns()) if loaded is not None]
            if not found:
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            connection.context = found[choose([loaded.names for loaded in found], asked)].context
            return None

        outer.sni_callback = on_name
        return outer

    def _load(self, arn: str) -> _Loaded | None:
        folder = certificate_folder(self._certs_dir, arn)
        chain = folder / "chain.pem"
        try:
            written = chain.stat().st_mtime_ns
            known = self._loaded.get(arn)
            if known is not None and known.written == written:
                return known
            context = _server_context(ssl.TLSVersion.TLSv1_2)
            context.load_cert_chain(chain, folder / "key.pem")
            loaded = _Loaded(written, context, names_in(chain.read_bytes()))
        except (OSError, ValueError) as error:
            if arn not in self._reported:
                self._reported.add(arn)
                log.error("certificate %s: cannot be loaded: %s", arn, error)
            return None
        self._reported.discard(arn)
        self._loaded[arn] = loaded
        log.info("certificate %s: %s", arn, ", ".join(loaded.names))
        return loaded


def names_in(chain: bytes) -> tuple[str, ...]:
    """The DNS names of the first certificate in a PEM chain."""
    certificate = x509.load_pem_x509_certificate(chain)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))


def _server_context(minimum: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = minimum
    context.set_alpn_protocols(["http/1.1"])
    return context
