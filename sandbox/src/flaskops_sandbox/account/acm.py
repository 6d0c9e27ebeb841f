"""ACM with usable certificates: issued when the validation record is in DNS, signed by the sandbox CA.

A certificate requested with DNS validation is PENDING_VALIDATION until all of its CNAME records exist in a hosted
zone of this account (checked when the certificate is described, listed or fetched). Then chain and private key are
written to certs/acm/<uuid>/{chain.pem,key.pem}, mode 0600, from which the load balancer reads them.
The CA signs EC P-256 keys; DescribeCertificate reports the requested key algorithm.
https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle, datetime_to_epoch
from moto.acm.responses import AWSCertificateManagerResponse
from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

from flaskops_sandbox import ca
from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.principals import PARTITION
from flaskops_sandbox.instance import Instance, write_private

DEFAULT_KEY_ALGORITHM = "RSA_2048"
MAX_NAMES = 10  # https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html, the quota of a new account


def install(extensions: Extensions, instance: Instance) -> None:
    """Let moto's ACM validate with DNS and issue certificates with the sandbox CA."""

    issuing = threading.Lock()

    def check(self: CertBundle) -> None:
        names = requested_names(self)
        # Without the lock, concurrent requests would issue twice and mix key and certificate.
        with issuing:
            if self.status == "PENDING_VALIDATION" and all(_is_proven(instance, name) for name in names):
                _issue(instance, self, names)

    def describe(original: Callable[[CertBundle], dict[str, Any]]) -> Callable[[CertBundle], dict[str, Any]]:
        return functools.wraps(original)(lambda self: _description(instance, self, original(self)))

    extensions.replace(CertBundle, "check", lambda original: _check_unless_ours(original, check))
    extensions.replace(CertBundle, "describe", describe)
    extensions.replace(AWSCertificateManagerResponse, "request_certificate", _remember_request)
    extensions.replace(AWSCertificateManagerBackend, "delete_certificate", functools.partial(_refuse_in_use, instance))
    extensions.replace(AWSCertificateManagerBackend, "import_certificate", functools.partial(_keep_import, instance))


def folder(instance: Instance, arn: str) -> Path:
    """Return the directory with chain and key of an issued certificate."""
    return instance.certs_dir / "acm" / arn.rpartition("/")[2]


def requested_names(certificate: CertBundle) -> list[str]:
    """Return the domain names of a certificate, the main one first."""
    return list(dict.fromkeys([str(certificate.common_name), *sorted(certificate.sans)]))


def validation_record(instance: Instance, domain: str) -> tuple[str, str]:
    """Return name and value of the validation CNAME: constant per account and domain, wildcard or not, as on AWS."""
    bare = domain.removeprefix("*.")
    digest = hashlib.sha256(f"{instance.account_id}/{bare}".encode()).hexdigest()
    return f"_{digest[:32]}.{bare}.", f"_{digest[32:]}.sandbox.acm-validations.aws."


def _is_proven(instance: Instance, domain: str) -> bool:
    name, value = validation_record(instance, domain)
    for zone in route53_backends[instance.account_id][PARTITION].zones.values():
        if zone.private_zone:
            continue  # ACM uses public DNS
        for record in zone.rrsets:
            found = [str(item).rstrip(".").lower() for item in record.records or []]
            if record.type == "CNAME" and record.name.rstrip(".") == name.rstrip(".") and value.rstrip(".") in found:
                return True
    return False


def _issue(instance: Instance, certificate: Any, names: list[str]) -> None:
    leaf, key, chain = ca.sign_pem(instance, names[0], names)
    certificate.cert, certificate.key, certificate.chain = leaf.encode(), key.encode(), chain.encode()
    certificate._key = certificate.validate_pk()
    certificate._cert = certificate.validate_certificate()
    certificate.issuer_common_name = "flaskops sandbox CA"
    certificate.issued_at = datetime_to_epoch(utcnow())
    _write(instance, certificate)
    certificate.status = "ISSUED"


def _write(instance: Instance, certificate: CertBundle) -> None:
    where = folder(instance, certificate.arn)
    where.mkdir(parents=True, exist_ok=True)
    write_private(where / "key.pem", certificate.key.decode())
    write_private(where / "chain.pem", certificate.cert.decode() + certificate.chain.decode())


def _check_unless_ours(original: Callable[[CertBundle], None], check: Callable[[CertBundle], None]) -> Any:
    """moto issues certificates after a minute. Keep moto's check only for certificates without DNS validation."""

    @functools.wraps(original)
    def checked(self: CertBundle) -> None:
        if self.type == "AMAZON_ISSUED":
            check(self)
        else:
            original(self)

    return checked


def _description(instance: Instance, certificate: Any, answer: dict[str, Any]) -> dict[str, Any]:
    details = answer["Certificate"]
    details["InUseBy"] = _users(instance, certificate.arn)
    if certificate.type != "AMAZON_ISSUED":
        return answer
    issued = certificate.status == "ISSUED"
    details["KeyAlgorithm"] = getattr(certificate, "key_algorithm", DEFAULT_KEY_ALGORITHM)
    details["RenewalEligibility"] = "ELIGIBLE" if details["InUseBy"] else "INELIGIBLE"
    details["SubjectAlternativeNames"] = requested_names(certificate)
    if issued:
        details["IssuedAt"] = certificate.issued_at
    else:
        for name in ("IssuedAt", "NotBefore", "NotAfter", "Serial", "Issuer"):
            details.pop(name, None)
    options = []
    for domain in requested_names(certificate):
        name, value = validation_record(instance, domain)
        options.append({
            "DomainName": domain,
            "ValidationDomain": domain,
            "ValidationStatus": "SUCCESS" if issued else "PENDING_VALIDATION",
            "ValidationMethod": "DNS",
            "ResourceRecord": {"Name": name, "Type": "CNAME", "Value": value},
        })  # fmt: skip
    details["DomainValidationOptions"] = options
    return answer


def _users(instance: Instance, arn: str) -> list[str]:
    """Return the ARNs of load balancers with a listener that uses the certificate."""
    return sorted(
        balancer.arn
        for balancer in elbv2_backends[instance.account_id][instance.region].load_balancers.values()
        if any(arn in _certificate_arns(listener) for listener in balancer.listeners.values())
    )


def _certificate_arns(listener: Any) -> list[str]:
    return [item["certificate_arn"] if isinstance(item, dict) else str(item) for item in listener.certificates or []]


def _remember_request(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    """Keep KeyAlgorithm, which moto drops, and reject e-mail validation, which moto treats as DNS validation."""

    @functools.wraps(original)
    def request_certificate(self: AWSCertificateManagerResponse) -> ActionResult:
        method = self._get_param("ValidationMethod")
        if method not in (None, "DNS") and not self._get_param("CertificateAuthorityArn"):
            raise AWSError(
                f"The sandbox validates by DNS only, not by {method}", exception_type="InvalidParameterException"
            )
        names = {self._get_param("DomainName"), *(self._get_param("SubjectAlternativeNames") or [])}
        if len(names) > MAX_NAMES:
            raise AWSError(f"A certificate has at most {MAX_NAMES} names", exception_type="LimitExceededException")
        answer = original(self)
        certificate: Any = self.acm_backend._certificates[answer.result["CertificateArn"]]  # type: ignore[index]
        certificate.key_algorithm = self._get_param("KeyAlgorithm") or DEFAULT_KEY_ALGORITHM
        return answer

    return request_certificate


def _refuse_in_use(instance: Instance, original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def delete_certificate(self: AWSCertificateManagerBackend, arn: str) -> None:
        users = _users(instance, arn)
        if users:
            raise AWSError(
                f"Certificate {arn} in account {instance.account_id} is in use by {', '.join(users)}.",
                exception_type="ResourceInUseException",
            )
        original(self, arn)
        shutil.rmtree(folder(instance, arn), ignore_errors=True)

    return delete_certificate


def _keep_import(instance: Instance, original: Callable[..., str]) -> Callable[..., str]:
    """Write the files of an imported certificate immediately, because it can be used immediately."""

    @functools.wraps(original)
    def import_certificate(self: AWSCertificateManagerBackend, *args: Any, **kwargs: Any) -> str:
        arn = original(self, *args, **kwargs)
        certificate = self._certificates[arn]
        where = folder(instance, arn)
        where.mkdir(parents=True, exist_ok=True)
        write_private(where / "key.pem", certificate.key.decode())
        chain = args[2] if len(args) > 2 else kwargs.get("chain")
        write_private(where / "chain.pem", certificate.cert.decode() + (chain.decode() if chain else ""))
        return arn

    return import_certificate
