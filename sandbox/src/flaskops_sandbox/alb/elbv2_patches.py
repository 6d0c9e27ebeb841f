"""Corrections of moto's ELBv2 that the AWS Load Balancer Controller and the data plane need.

`install(instance)` patches moto's classes in the account process. Each function documents the behaviour of moto 5.2.5
and of AWS (Elastic Load Balancing API reference, version 2015-12-01).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.elbv2 import exceptions
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeRule, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response

if TYPE_CHECKING:
    from flaskops_sandbox.instance import Instance

# "Maximum number of tags per resource": 50. moto refuses the 11th.
MAX_TAGS = 50

# Hosted zone of Application Load Balancers by region ("Elastic Load Balancing endpoints and quotas"); aliases name it.
HOSTED_ZONES = {
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-central-1": "Z215JYRZR1TBD5",
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-west-2": "Z1H1FL5HABSF5",
}

# DescribeListenerAttributes of an Application Load Balancer; moto answers with a Network Load Balancer's.
HTTP_LISTENER_ATTRIBUTES = {"routing.http.response.server.enabled": "true"}


def new_priorities(current: Mapping[str, Any], wanted: Mapping[str, int]) -> dict[str, Any]:
    """Return the priorities of all rules after SetRulePriorities; `current` and `wanted` map rule ARNs to priorities.

    Only the result must have no conflicts, so two rules may swap in one call. Raises ValueError on a conflict.
    """
    after: dict[str, Any] = {**current, **wanted}
    numbers = [priority for priority in after.values() if priority != "default"]
    if len(set(numbers)) != len(numbers):
        raise ValueError("two rules would have the same priority")
    return after


def _set_rule_priorities(self: ELBv2Backend, rule_priorities: list[dict[str, Any]]) -> list[FakeRule]:
    """moto rejects a priority that is in use, even if its rule gets another one in the same call."""
    wanted = {pair["RuleArn"]: int(pair["Priority"]) for pair in rule_priorities}
    rules = self.describe_rules(listener_arn=None, rule_arns=list(wanted))
    for listener_arn in {rule.listener_arn for rule in rules}:
        siblings = self.describe_listeners(None, [listener_arn])[0].rules.values()
        current = {rule.arn: rule.priority for rule in siblings}
        mine = {arn: priority for arn, priority in wanted.items() if arn in current}
        try:
            new_priorities(current, mine)
        except ValueError:
            raise exceptions.PriorityInUseError from None
    for rule in rules:
        rule.priority = wanted[rule.arn]
    return rules


def _deregister(self: FakeTargetGroup, targets: list[dict[str, Any]]) -> None:
    """AWS: "If the specified target does not exist, the action returns successfully." moto raises InvalidTarget."""
    for target in targets:
        known = self.targets.get(target["Id"])
        if known is not None and target.get("Port") in (None, known["Port"], str(known["Port"])):
            self.deregistered_targets[target["Id"]] = self.targets.pop(target["Id"])


def _modify_listener(original: Callable[..., FakeListener]) -> Callable[..., FakeListener]:
    """ModifyListener replaces the default certificate only; moto drops the ones that AddListenerCertificates added."""

    @functools.wraps(original)
    def modify_listener(self: ELBv2Backend, arn: str, *args: Any, **kwargs: Any) -> FakeListener:
        found = self.describe_listeners(None, [arn])
        extra = found[0].certificates[1:] if found else []
        listener = original(self, arn, *args, **kwargs)
        listener.certificates = list(dict.fromkeys([*listener.certificates, *extra]))
        return listener

    return modify_listener


def _create_listener(original: Callable[..., FakeListener]) -> Callable[..., FakeListener]:
    """moto looks for the port among ARNs and so never finds a duplicate; AWS raises DuplicateListener."""

    @functools.wraps(original)
    def create_listener(self: ELBv2Backend, load_balancer_arn: str, *args: Any, **kwargs: Any) -> FakeListener:
        balancer = self.load_balancers.get(load_balancer_arn)
        port = kwargs.get("port", args[1] if len(args) > 1 else None)
        if balancer is not None and any(str(known.port) == str(port) for known in balancer.listeners.values()):
            raise exceptions.DuplicateListenerError
        listener = original(self, load_balancer_arn, *args, **kwargs)
        if balancer is not None and balancer.type == "application":
            listener.attributes = dict(HTTP_LISTENER_ATTRIBUTES)
        return listener

    return create_listener


def _create_load_balancer(original: Callable[..., FakeLoadBalancer]) -> Callable[..., FakeLoadBalancer]:
    """AWS: names are unique, and the same request again returns the load balancer that exists. moto makes a second."""

    @functools.wraps(original)
    def create_load_balancer(
        self: ELBv2Backend, name: str, security_groups: list[str], subnet_ids: list[str], *args: Any, **kwargs: Any
    ) -> FakeLoadBalancer:
        mapped = [mapping["SubnetId"] for mapping in kwargs.get("subnet_mappings") or []]
        for known in self.load_balancers.values():
            if known.name != name:
                continue
            same = (
                {subnet.id for subnet in known.subnets} == {*subnet_ids, *mapped}
                and set(known.security_groups) == set(security_groups)
                and known.scheme == (kwargs.get("scheme") or known.scheme)
            )
            if same:
                return known
            raise exceptions.DuplicateLoadBalancerName
        balancer = original(self, name, security_groups, subnet_ids, *args, **kwargs)
        balancer.dns_name = dns_name(name, balancer.arn, self.region_name, balancer.scheme)
        balancer.canonical_hosted_zone_id = HOSTED_ZONES.get(self.region_name, balancer.canonical_hosted_zone_id)
        return balancer

    return create_load_balancer


def dns_name(name: str, arn: str, region: str, scheme: str | None) -> str:
    """<name>-<number>.<region>.elb.amazonaws.com, with `internal-` before it for that scheme.

    moto's number is always 1, so that two load balancers of one name in a row could not be told apart.
    """
    number = int(arn.rpartition("/")[2], 16) % 9_000_000_000 + 1_000_000_000
    return f"{'internal-' if scheme == 'internal' else ''}{name}-{number}.{region}.elb.amazonaws.com"


def _delete_load_balancer(original: Callable[[ELBv2Backend, str], None]) -> Callable[[ELBv2Backend, str], None]:
    """AWS refuses while deletion protection is on; moto deletes."""

    @functools.wraps(original)
    def delete_load_balancer(self: ELBv2Backend, arn: str) -> None:
        balancer = self.load_balancers.get(arn)
        if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
            raise ELBClientError(
                "OperationNotPermitted",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        original(self, arn)

    return delete_load_balancer


def _describe_target_groups(
    original: Callable[..., Iterable[FakeTargetGroup]],
) -> Callable[..., Iterable[FakeTargetGroup]]:
    """LoadBalancerArns of a target group follow the rules; moto only ever adds to them, and not on ModifyRule."""

    @functools.wraps(original)
    def describe_target_groups(self: ELBv2Backend, *args: Any, **kwargs: Any) -> Iterable[FakeTargetGroup]:
        users: dict[str, list[str]] = {arn: [] for arn in self.target_groups}
        for balancer in self.load_balancers.values():
            for listener in balancer.listeners.values():
                for rule in listener.rules.values():
                    for action in rule.actions:
                        for arn in self._get_target_group_arns_from(action_data=action.data):
                            users.setdefault(arn, []).append(balancer.arn)
        for arn, group in self.target_groups.items():
            group.load_balancer_arns = list(dict.fromkeys(users[arn]))
        return original(self, *args, **kwargs)

    return describe_target_groups


def _add_tags(self: ELBv2Backend, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    """moto allows 10 tags per resource."""
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        existing = self.tagging_service.get_tag_dict_for_resource(arn)
        if len({*existing, *(tag["Key"] for tag in tags)}) > MAX_TAGS:
            raise exceptions.TooManyTagsError
        self.tagging_service.tag_resource(arn, tags)


def _refuse_transforms(original: Callable[[ELBV2Response], ActionResult]) -> Callable[[ELBV2Response], ActionResult]:
    """Reject Transforms of rules, which moto ignores and the data plane does not support."""

    @functools.wraps(original)
    def action(self: ELBV2Response) -> ActionResult:
        if self._get_params().get("Transforms"):
            raise ELBClientError("ValidationError", "The load balancer of the sandbox does not support rule transforms")
        return original(self)

    return action


def _describe_capacity_reservation(self: ELBV2Response) -> ActionResult:
    """moto answers with a state but no capacity, which the controller does not expect. AWS: empty without one."""
    balancer = _balancer(self)
    units = getattr(balancer, "minimum_capacity_units", None)
    if units is None:
        return ActionResult({})
    zones = [subnet.availability_zone for subnet in balancer.subnets]
    states = [
        {"State": {"Code": "provisioned"}, "AvailabilityZone": zone, "EffectiveCapacityUnits": units / len(zones)}
        for zone in zones
    ]
    return ActionResult({"MinimumLoadBalancerCapacity": {"CapacityUnits": units}, "CapacityReservationState": states})


def _modify_capacity_reservation(self: ELBV2Response) -> ActionResult:
    """Missing in moto."""
    balancer = _balancer(self)
    params = self._get_params()
    if str(params.get("ResetCapacityReservation")).lower() == "true":
        balancer.minimum_capacity_units = None  # type: ignore[attr-defined]
    else:
        units = int((params.get("MinimumLoadBalancerCapacity") or {}).get("CapacityUnits", 0))
        if units <= 0:
            raise ELBClientError("ValidationError", "MinimumLoadBalancerCapacity.CapacityUnits must be positive")
        balancer.minimum_capacity_units = units  # type: ignore[attr-defined]
    return _describe_capacity_reservation(self)


def _balancer(response: ELBV2Response) -> FakeLoadBalancer:
    balancer = response.elbv2_backend.load_balancers.get(response._get_param("LoadBalancerArn"))
    if balancer is None:
        raise exceptions.LoadBalancerNotFoundError
    return balancer


def install(instance: Instance) -> None:
    """Apply the corrections in this process, once. `instance` is taken for symmetry with the other patches."""
    if hasattr(ELBv2Backend.create_listener, "__wrapped__"):
        return
    replace: dict[str, Any] = {
        "set_rule_priorities": _set_rule_priorities,
        "modify_listener": _modify_listener(ELBv2Backend.modify_listener),
        "create_listener": _create_listener(ELBv2Backend.create_listener),
        "create_load_balancer": _create_load_balancer(ELBv2Backend.create_load_balancer),
        "delete_load_balancer": _delete_load_balancer(ELBv2Backend.delete_load_balancer),
        "describe_target_groups": _describe_target_groups(ELBv2Backend.describe_target_groups),
        "add_tags": _add_tags,
    }
    for name, function in replace.items():
        setattr(ELBv2Backend, name, function)
    FakeTargetGroup.deregister = _deregister  # type: ignore[method-assign]
    for name in ("create_rule", "modify_rule"):
        setattr(ELBV2Response, name, _refuse_transforms(getattr(ELBV2Response, name)))
    ELBV2Response.describe_capacity_reservation = _describe_capacity_reservation  # type: ignore[method-assign]
    ELBV2Response.modify_capacity_reservation = _modify_capacity_reservation  # type: ignore[attr-defined]
