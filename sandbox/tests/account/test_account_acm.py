"""ACM: issued after DNS validation, signed by the sandbox CA, stored for the load balancer."""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from account_fakes import Running, code_of
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from flaskops_sandbox import ca
from flaskops_sandbox.account import acm


def request(running: Running, *names: str, **wanted: Any) -> str:
    client = running.client("acm")
    return str(
        client.request_certificate(
            DomainName=names[0], SubjectAlternativeNames=list(names), ValidationMethod="DNS", **wanted
        )["CertificateArn"]
    )


def describe(running: Running, arn: str) -> dict[str, Any]:
    return dict(running.client("acm").describe_certificate(CertificateArn=arn)["Certificate"])


def put_records(running: Running, details: dict[str, Any], zone: str = "example.com", private: bool = False) -> None:
    route53 = running.client("route53")
    vpc: dict[str, Any] = {}
    if private:
        vpc_id = running.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        vpc = {"VPC": {"VPCRegion": "eu-west-1", "VPCId": vpc_id}, "HostedZoneConfig": {"PrivateZone": True}}
    zone_id = route53.create_hosted_zone(Name=zone, CallerReference=zone, **vpc)["HostedZone"]["Id"]
    records = {
        option["ResourceRecord"]["Name"]: option["ResourceRecord"] for option in details["DomainValidationOptions"]
    }
    changes = [
        {
            "Action": "UPSERT",
            "ResourceRecordSet": {
                "Name": record["Name"],
                "Type": "CNAME",
                "TTL": 60,
                "ResourceRecords": [{"Value": record["Value"]}],
            },
        }
        for record in records.values()
    ]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def test_pending_until_the_record_exists(running: Running) -> None:
    arn = request(running, "app.example.com", "*.app.example.com", "www.example.com")
    details = describe(running, arn)
    assert details["Status"] == "PENDING_VALIDATION"
    options = {option["DomainName"]: option["ResourceRecord"] for option in details["DomainValidationOptions"]}
    assert set(options) == {"app.example.com", "*.app.example.com", "www.example.com"}
    assert options["app.example.com"] == options["*.app.example.com"] != options["www.example.com"]
    assert not acm.folder(running.account.instance, arn).exists()
    put_records(running, details)
    details = describe(running, arn)
    assert details["Status"] == "ISSUED"
    assert {option["ValidationStatus"] for option in details["DomainValidationOptions"]} == {"SUCCESS"}


def test_concurrent_requests_issue_once(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two issues would leave the key of one beside the certificate of the other."""
    arn = request(running, "app.example.com")
    put_records(running, describe(running, arn))
    sign, signed = ca.sign_pem, []

    def slowly(*arguments: Any) -> tuple[str, str, str]:
        signed.append(arguments)
        time.sleep(0.2)
        return sign(*arguments)

    monkeypatch.setattr(ca, "sign_pem", slowly)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: describe(running, arn)["Status"], range(4)))
    assert found == ["ISSUED"] * 4
    assert len(signed) == 1


def test_one_missing_record_keeps_it_pending(running: Running) -> None:
    arn = request(running, "a.example.com", "b.example.com")
    details = describe(running, arn)
    details["DomainValidationOptions"] = details["DomainValidationOptions"][:1]
    put_records(running, details)
    assert describe(running, arn)["Status"] == "PENDING_VALIDATION"


def test_private_zone_does_not_validate(running: Running) -> None:
    arn = request(running, "a.example.com")
    put_records(running, describe(running, arn), private=True)
    assert describe(running, arn)["Status"] == "PENDING_VALIDATION"


def test_certificate_chains_to_the_sandbox_ca(running: Running) -> None:
    instance = running.account.instance
    arn = request(running, "a.example.com", KeyAlgorithm="EC_prime256v1")
    put_records(running, describe(running, arn))
    assert describe(running, arn)["KeyAlgorithm"] == "EC_prime256v1"
    answer = running.client("acm").get_certificate(CertificateArn=arn)
    leaf = x509.load_pem_x509_certificate(answer["Certificate"].encode())
    authority = x509.load_pem_x509_certificate(instance.ca_file.read_bytes())
    leaf.verify_directly_issued_by(authority)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example.com"]
    folder = acm.folder(instance, arn)
    assert folder == instance.certs_dir / "acm" / arn.rsplit("/", 1)[-1]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(folder / "chain.pem", folder / "key.pem")
    assert answer["CertificateChain"].strip() in (folder / "chain.pem").read_text(encoding="utf-8")


def test_records_stay_the_same_for_the_next_certificate(running: Running) -> None:
    first = describe(running, request(running, "a.example.com"))
    put_records(running, first)
    second = describe(running, request(running, "a.example.com"))
    assert (
        second["DomainValidationOptions"][0]["ResourceRecord"] == first["DomainValidationOptions"][0]["ResourceRecord"]
    )
    assert second["Status"] == "ISSUED"


def test_deletion_removes_the_key(running: Running) -> None:
    arn = request(running, "a.example.com")
    put_records(running, describe(running, arn))
    describe(running, arn)
    assert acm.folder(running.account.instance, arn).exists()
    running.client("acm").delete_certificate(CertificateArn=arn)
    assert not acm.folder(running.account.instance, arn).exists()


def test_certificate_in_use_is_not_deleted(running: Running, network: Any) -> None:
    arn = request(running, "a.example.com")
    put_records(running, describe(running, arn))
    elbv2 = running.client("elbv2")
    balancer = elbv2.create_load_balancer(Name="web", Subnets=network.subnet_ids)["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTPS", Port=443, Certificates=[{"CertificateArn": arn}],
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )  # fmt: skip
    assert describe(running, arn)["InUseBy"] == [balancer]
    assert code_of(running.client("acm").delete_certificate, CertificateArn=arn) == "ResourceInUseException"


def test_email_validation_is_rejected(running: Running) -> None:
    client = running.client("acm")
    wanted = {"DomainName": "a.example.com", "ValidationMethod": "EMAIL"}
    assert code_of(client.request_certificate, **wanted) == "InvalidParameterException"


def test_imported_certificate_is_stored_for_the_load_balancer(running: Running) -> None:
    from flaskops_sandbox import ca

    leaf, key, chain = ca.sign_pem(running.account.instance, "b.example.com", ["b.example.com"])
    arn = running.client("acm").import_certificate(
        Certificate=leaf.encode(), PrivateKey=key.encode(), CertificateChain=chain.encode()
    )["CertificateArn"]
    folder = acm.folder(running.account.instance, arn)
    assert serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    assert (folder / "chain.pem").read_text(encoding="utf-8") == leaf + chain
