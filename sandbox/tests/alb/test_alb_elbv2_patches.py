"""Differences of moto's ELBv2 from AWS that affect the controller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flaskops_sandbox.alb import elbv2_patches
from flaskops_sandbox.alb.elbv2_patches import dns_name, new_priorities

FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]


class Account:
    """One load balancer in a corrected account."""

    def __init__(self, clients: Callable[[str], Any]) -> None:
        elbv2_patches.install(None)  # type: ignore[arg-type]
        self.elbv2, self.acm, ec2 = clients("elbv2"), clients("acm"), clients("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for number, zone in ((1, "eu-west-1a"), (2, "eu-west-1b"))
        ]
        self.balancer = self.create("web")
        self.arn = self.balancer["LoadBalancerArn"]

    def create(self, name: str, **options: Any) -> dict[str, Any]:
        options = {"Subnets": self.subnets, "Scheme": "internet-facing", "Type": "application", **options}
        return dict(self.elbv2.create_load_balancer(Name=name, **options)["LoadBalancers"][0])

    def listener(self, port: int = 80, **options: Any) -> str:
        options = {"Protocol": "HTTP", "DefaultActions": FIXED, **options}
        made = self.elbv2.create_listener(LoadBalancerArn=self.arn, Port=port, **options)
        return str(made["Listeners"][0]["ListenerArn"])

    def rule(self, listener: str, priority: int, **options: Any) -> str:
        condition = {"Field": "path-pattern", "PathPatternConfig": {"Values": [f"/{priority}"]}}
        options = {"Conditions": [condition], "Actions": FIXED, **options}
        made = self.elbv2.create_rule(ListenerArn=listener, Priority=priority, **options)
        return str(made["Rules"][0]["RuleArn"])

    def group(self, name: str = "group") -> str:
        made = self.elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip", HealthCheckPath="/status"
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture
def account(clients: Callable[[str], Any]) -> Account:
    return Account(clients)


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("current", "wanted", "after"),
    [
        ({"a": 1, "b": 2, "d": "default"}, {"a": 2, "b": 1}, {"a": 2, "b": 1, "d": "default"}),
        ({"a": 1, "b": 2}, {"a": 50000}, {"a": 50000, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 2}, None),
    ],
)
def test_new_priorities(current: dict[str, Any], wanted: dict[str, int], after: dict[str, Any] | None) -> None:
    if after is None:
        with pytest.raises(ValueError, match="same priority"):
            new_priorities(current, wanted)
    else:
        assert new_priorities(current, wanted) == after


def test_two_rules_swap_their_priorities_in_one_call(account: Account) -> None:
    listener = account.listener()
    one, two = account.rule(listener, 1), account.rule(listener, 2)
    pairs = [{"RuleArn": one, "Priority": 2}, {"RuleArn": two, "Priority": 1}]
    account.elbv2.set_rule_priorities(RulePriorities=pairs)
    rules = account.elbv2.describe_rules(ListenerArn=listener)["Rules"]
    assert {rule["RuleArn"]: rule["Priority"] for rule in rules if not rule["IsDefault"]} == {one: "2", two: "1"}
    with pytest.raises(ClientError) as error:
        account.elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": one, "Priority": 1}])
    assert code(error) == "PriorityInUse"


def test_a_port_has_one_listener_and_its_attributes_are_those_of_http(account: Account) -> None:
    listener = account.listener(80)
    with pytest.raises(ClientError) as error:
        account.listener(80)
    assert code(error) == "DuplicateListener"
    attributes = account.elbv2.describe_listener_attributes(ListenerArn=listener)["Attributes"]
    assert attributes == [{"Key": "routing.http.response.server.enabled", "Value": "true"}]


def test_load_balancers_have_unique_names_and_addresses(account: Account) -> None:
    assert account.create("web")["LoadBalancerArn"] == account.arn
    with pytest.raises(ClientError) as error:
        account.create("web", Scheme="internal")
    assert code(error) == "DuplicateLoadBalancerName"
    other = account.create("other")
    assert other["DNSName"].startswith("other-") and other["DNSName"].endswith(".eu-west-1.elb.amazonaws.com")
    assert other["CanonicalHostedZoneId"] == "Z32O12XQLNTSW2"


@pytest.mark.parametrize(("scheme", "prefix"), [("internal", "internal-web-"), ("internet-facing", "web-")])
def test_dns_name(scheme: str, prefix: str) -> None:
    name = dns_name("web", "arn:.../app/web/00000000000000ff", "eu-west-1", scheme)
    assert name == f"{prefix}1000000255.eu-west-1.elb.amazonaws.com"


def test_deletion_protection_holds(account: Account) -> None:
    def protect(value: str) -> None:
        pair = {"Key": "deletion_protection.enabled", "Value": value}
        account.elbv2.modify_load_balancer_attributes(LoadBalancerArn=account.arn, Attributes=[pair])

    protect("true")
    with pytest.raises(ClientError) as error:
        account.elbv2.delete_load_balancer(LoadBalancerArn=account.arn)
    assert code(error) == "OperationNotPermitted"
    protect("false")
    account.elbv2.delete_load_balancer(LoadBalancerArn=account.arn)
    assert account.elbv2.describe_load_balancers()["LoadBalancers"] == []


def test_deregistering_an_unknown_target_succeeds(account: Account) -> None:
    group = account.group()
    account.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 80}])
    account.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 80}])
    account.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.1", "Port": 80}])
    assert account.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"] == []


def test_modifying_a_listener_keeps_extra_certificates(account: Account) -> None:
    main, extra, next_main = (
        account.acm.request_certificate(DomainName=name)["CertificateArn"] for name in ("a.net", "b.net", "c.net")
    )
    listener = account.listener(443, Protocol="HTTPS", Certificates=[{"CertificateArn": main}])
    account.elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": extra}])
    account.elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": next_main}])
    found = account.elbv2.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert [(item["CertificateArn"], item["IsDefault"]) for item in found] == [(next_main, True), (extra, False)]


def test_load_balancers_of_a_target_group_follow_the_rules(account: Account) -> None:
    group, listener = account.group(), account.listener()

    def balancers() -> list[str]:
        described = account.elbv2.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        return list(described.get("LoadBalancerArns", []))

    rule = account.rule(listener, 1)
    assert balancers() == []
    account.elbv2.modify_rule(RuleArn=rule, Actions=[{"Type": "forward", "TargetGroupArn": group}])
    assert balancers() == [account.arn]
    account.elbv2.delete_rule(RuleArn=rule)
    assert balancers() == []


def test_fifty_tags_fit(account: Account) -> None:
    tags = [{"Key": f"key-{number}", "Value": "v"} for number in range(50)]
    account.elbv2.add_tags(ResourceArns=[account.arn], Tags=tags)
    with pytest.raises(ClientError) as error:
        account.elbv2.add_tags(ResourceArns=[account.arn], Tags=[{"Key": "one-more", "Value": "v"}])
    assert code(error) == "TooManyTags"


def test_transforms_are_rejected(account: Account) -> None:
    listener = account.listener()
    rewrite = {"Type": "url-rewrite", "UrlRewriteConfig": {"Rewrites": [{"Regex": "a", "Replace": "b"}]}}
    with pytest.raises(ClientError, match="transforms"):
        account.rule(listener, 1, Transforms=[rewrite])


def test_capacity_reservation(account: Account) -> None:
    def described() -> int | None:
        answer = account.elbv2.describe_capacity_reservation(LoadBalancerArn=account.arn)
        return answer.get("MinimumLoadBalancerCapacity", {}).get("CapacityUnits")

    assert described() is None
    account.elbv2.modify_capacity_reservation(
        LoadBalancerArn=account.arn, MinimumLoadBalancerCapacity={"CapacityUnits": 100}
    )
    assert described() == 100
    account.elbv2.modify_capacity_reservation(LoadBalancerArn=account.arn, ResetCapacityReservation=True)
    assert described() is None
