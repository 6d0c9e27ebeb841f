"""Results built from documentation."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.flaskops.eks.plugins.plugin_utils import _check_mode as check_mode
from ansible_collections.flaskops.eks.plugins.plugin_utils import _planning as planning
from ansible_collections.flaskops.eks.plugins.plugin_utils.records import record

UNKNOWN = planning.PLACEHOLDER
RETURNS = yaml.safe_load("""
changed: {type: bool, sample: true}
vpc:
  type: complex
  contains:
    id: {type: str, sample: vpc-1}
    cidr_block: {type: str, sample: 10.0.0.0/16}
    tags: {type: dict, sample: {pk: v}}
    state: {type: str, sample: available}
    is_default: {type: bool, sample: false}
    routes: {type: list, elements: dict, contains: {cidr_block: {type: str}, target: {type: str}}}
    zones: {type: list, elements: str}
    owner: {type: dict, contains: {id: {type: str}}}
security_group_arn: {type: str}
""")


def inputs(given: t.Iterable[str] = (), redacted: dict[str, t.Any] | None = None, **values: t.Any) -> planning.Inputs:
    return planning.Inputs(
        values, {**values, **(redacted or {})}, frozenset(given or values), {"vpc_cidr": "cidr_block"}
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (UNKNOWN, True),
        (f"arn:aws:iam::1:role/{UNKNOWN}", True),
        ({"a": [{"b": UNKNOWN}]}, True),
        ({UNKNOWN: 1}, True),
        ((1, UNKNOWN), True),
        ({"a": ["known", 1, None, True]}, False),
        ("", False),
        (None, False),
    ],
)
def test_holds_placeholder(value: t.Any, found: bool) -> None:
    """Anywhere inside."""
    assert planning.holds_placeholder(value) is found


def test_build() -> None:
    """Inputs where names match, placeholders elsewhere, lists and nested structures documented as they are."""
    built = planning.build(
        RETURNS, {"cidr_block": ["10.1.0.0/16"], "tags": {"a": "b"}, "state": "present"}, "ec2_vpc_net"
    )
    assert built == {
        "vpc": {
            "id": UNKNOWN,
            "cidr_block": "10.1.0.0/16",
            "tags": {"a": "b"},
            "state": UNKNOWN,
            "is_default": False,
            "routes": [{"cidr_block": UNKNOWN, "target": UNKNOWN}],
            "zones": [UNKNOWN],
            "owner": {"id": UNKNOWN},
        },
        "security_group_arn": UNKNOWN,
    }


def test_name_under_another_key() -> None:
    """``group_name`` of a security group, ``role_name`` of a role are the input ``name``; others are not."""
    returns = {"group_name": {"type": "str"}, "bucket_name": {"type": "str"}}
    built = planning.build(returns, {"name": "web"}, "ec2_security_group")
    assert built == {"group_name": "web", "bucket_name": UNKNOWN}


def test_planned() -> None:
    """A creation with a difference from nothing, secrets censored, connection options left out."""
    wanted = inputs(
        cidr_block=["10.0.0.0/16"], password="s3cret", region="eu-west-1", redacted={"password": planning.CENSORED}
    )
    result = planning.planned(wanted, RETURNS, "ec2_vpc_net", "because")
    assert result["changed"] is True
    assert result["diff"] == {"before": {}, "after": {"cidr_block": ["10.0.0.0/16"], "password": planning.CENSORED}}
    assert result["plan"] == {"action": "create", "reason": "because"}
    assert "s3cret" not in str(result)


def test_secret_never_becomes_part_of_the_result() -> None:
    """Even when the module's documentation returns a key of that name."""
    wanted = inputs(secret="s3cret", redacted={"secret": planning.CENSORED})
    assert "s3cret" not in str(planning.planned(wanted, {"secret": {"type": "str"}}, "secretsmanager_secret", ""))


def test_absent_object_is_unchanged() -> None:
    """What cannot exist yet need not be removed."""
    result = planning.planned(inputs(state="absent", vpc_id=UNKNOWN), RETURNS, "ec2_vpc_subnet", "")
    assert result["changed"] is False
    assert result["plan"]["action"] == "none"


def test_info_module_without_objects() -> None:
    """A module that only looks finds nothing and changes nothing."""
    returns = {"subnets": {"type": "list", "elements": "dict", "contains": {"id": {"type": "str"}}}}
    result = planning.planned(inputs(filters={"vpc-id": UNKNOWN}), returns, "ec2_vpc_subnet_info", "")
    assert (result["changed"], result["subnets"]) == (False, [])


@pytest.mark.parametrize(
    ("module", "message", "values", "counts"),
    [
        ("amazon.aws.iam_policy", "NoSuchEntity: role", {"iam_name": "node"}, True),
        ("amazon.aws.iam_policy", "NoSuchEntity: role", {"iam_name": "someone-elses"}, False),
        ("amazon.aws.iam_policy", "AccessDenied", {"iam_name": "node"}, False),
        ("amazon.aws.route53", "Zone example.test does not exist in Route53", {"zone": "example.test."}, True),
        ("amazon.aws.ec2_vpc_net", "NoSuchEntity: role", {"iam_name": "node"}, False),
    ],
)
def test_not_found_is_accepted_for_planned_objects(
    monkeypatch: pytest.MonkeyPatch, module: str, message: str, values: dict[str, t.Any], counts: bool
) -> None:
    """Only for a parent that this very run would create."""
    monkeypatch.setattr(check_mode, "_planned", set())
    check_mode.remember_planned("iam_role", {"name": "node", "tags": {}})
    check_mode.remember_planned("route53_zone", {"zone": "example.test"})
    assert bool(check_mode.parent_is_planned(record(module), message, values)) is counts
