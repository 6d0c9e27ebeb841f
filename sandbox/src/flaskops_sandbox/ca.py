"""The sandbox CA. It signs the certificates of ACM, databases, cache and registry."""

from __future__ import annotations

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flaskops_sandbox.instance import Instance, write_private

AUTHORITY_DAYS = 3650
SKEW = datetime.timedelta(minutes=5)


def ensure(instance: Instance) -> None:
    """Create the CA once per instance. Its key never leaves the state directory (mode 0600)."""
    if instance.ca_file.exists() and instance.ca_key_file.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"flaskops sandbox CA ({instance.name})")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(instance.ca_key_file, _key_pem(key))
    write_private(instance.ca_file, _certificate_pem(certificate), mode=0o644)


def issue(
    instance: Instance, common_name: str, names: list[str], addresses: list[str], days: int = 397
) -> tuple[Path, Path]:
    """Create a server certificate in certs/<common_name>/ once: (chain file, key file of mode 0600).

    397 days is the longest validity that browsers accept.
    """
    folder = instance.certs_dir / common_name
    folder.mkdir(parents=True, exist_ok=True)
    chain, key_file = folder / "chain.pem", folder / "key.pem"
    if not (chain.exists() and key_file.exists()):
        leaf, key, authority = _sign(instance, common_name, names, addresses, days)
        write_private(key_file, key)
        write_private(chain, leaf + authority, mode=0o644)
    return chain, key_file


def sign_pem(instance: Instance, common_name: str, names: list[str]) -> tuple[str, str, str]:
    """Return (certificate, private key, chain) as PEM text for ACM and the load balancer."""
    return _sign(instance, common_name, names, [], 397)


def _sign(
    instance: Instance, common_name: str, names: list[str], addresses: list[str], days: int
) -> tuple[str, str, str]:
    authority_pem = instance.ca_file.read_bytes()
    authority = x509.load_pem_x509_certificate(authority_pem)
    authority_key = serialization.load_pem_private_key(instance.ca_key_file.read_bytes(), password=None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys(names)]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    certificate = (
        _builder(_name(common_name), authority.subject, key.public_key(), days)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    return _certificate_pem(certificate), _key_pem(key), authority_pem.decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
