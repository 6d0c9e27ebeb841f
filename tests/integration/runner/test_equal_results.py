"""Modules return the same results, errors and censored output in process and in a subprocess."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.integration.runner.support import SECRET_KEY, Account, Run

PASSWORD = "sentinel-database-password"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def named(name: str, module: str, options: dict[str, t.Any], **keywords: t.Any) -> dict[str, t.Any]:
    """Return a task that registers its result under its name and ignores errors."""
    return {"name": name, module: options, "register": name, "ignore_errors": True, **keywords}


TASKS: list[dict[str, t.Any]] = [
    named("caller", "amazon.aws.aws_caller_info", {}),
    named("vpc", "amazon.aws.ec2_vpc_net", {"name": "net", "cidr_block": "10.0.0.0/16", "tags": {"owner": "flask"}}),
    named(
        "subnet", "amazon.aws.ec2_vpc_subnet", {"vpc_id": "{{ vpc.vpc.id }}", "cidr": "10.0.1.0/24", "az": "eu-west-1a"}
    ),
    named(
        "subnet_b",
        "amazon.aws.ec2_vpc_subnet",
        {"vpc_id": "{{ vpc.vpc.id }}", "cidr": "10.0.2.0/24", "az": "eu-west-1b"},
    ),
    named("gateway", "amazon.aws.ec2_vpc_igw", {"vpc_id": "{{ vpc.vpc.id }}"}),
    named(
        "group",
        "amazon.aws.ec2_security_group",
        {
            "name": "web",
            "description": "web",
            "vpc_id": "{{ vpc.vpc.id }}",
            "rules": [{"proto": "tcp", "ports": [443], "cidr_ip": "0.0.0.0/0"}],
        },
        diff=True,
    ),
    named("role", "amazon.aws.iam_role", {"name": "cluster", "assume_role_policy_document": TRUST}),
    named("key", "amazon.aws.kms_key", {"alias": "secrets", "description": "for secrets"}),
    named(
        "secret",
        "community.aws.secretsmanager_secret",
        {"name": "database", "secret_type": "string", "secret": PASSWORD, "description": "credentials"},
    ),
    named(
        "secret_hidden",
        "community.aws.secretsmanager_secret",
        {"name": "other", "secret_type": "string", "secret": PASSWORD},
        no_log=True,
    ),
    named(
        "parameter", "community.aws.ssm_parameter", {"name": "/flask/level", "value": "info", "string_type": "String"}
    ),
    named(
        "subnet_group",
        "amazon.aws.rds_subnet_group",
        {
            "name": "database",
            "description": "database",
            "state": "present",
            "subnets": ["{{ subnet.subnet.id }}", "{{ subnet_b.subnet.id }}"],
        },
    ),
    named("zone", "amazon.aws.route53_zone", {"zone": "example.test"}),
    named("topic", "community.aws.sns_topic", {"name": "alarms"}),
    named("bucket", "amazon.aws.s3_bucket", {"name": "flask-assets"}),
    named("looped", "community.aws.sns_topic", {"name": "topic-{{ item }}"}, loop=["a", "b"]),
    named("with_environment", "amazon.aws.aws_caller_info", {}, environment={"AWS_EC2_METADATA_DISABLED": "true"}),
    named("unknown_option", "amazon.aws.ec2_vpc_net", {"name": "x", "cidr_block": "10.9.0.0/16", "colour": "red"}),
    named("missing_option", "amazon.aws.ec2_vpc_subnet", {"cidr": "10.0.9.0/24"}),
    named("wrong_type", "amazon.aws.ec2_vpc_net", {"name": "x", "cidr_block": "10.9.0.0/16", "tags": "none"}),
    named("refused", "amazon.aws.ec2_vpc_subnet", {"vpc_id": "vpc-00000000000000000", "cidr": "10.0.9.0/24"}),
    named("no_server", "amazon.aws.aws_caller_info", {"endpoint_url": "http://127.0.0.1:1"}),
    named(
        "certificate",
        "flaskops.eks.acm_certificate",
        {"domain_name": "example.test", "zone_id": "{{ zone.zone_id }}", "wait": False},
    ),
    named(
        "cluster",
        "flaskops.eks.eks_cluster",
        {
            "name": "c",
            "version": "1.34",
            "role_arn": "{{ role.iam_role.arn }}",
            "subnet_ids": ["{{ subnet.subnet.id }}", "{{ subnet_b.subnet.id }}"],
            "tags": {"owner": "flask"},
            "wait": False,
        },
        diff=True,
    ),
    named(
        "nodes",
        "flaskops.eks.eks_nodegroup",
        {
            "cluster_name": "c",
            "name": "n",
            "node_role_arn": "{{ role.iam_role.arn }}",
            "subnet_ids": ["{{ subnet.subnet.id }}"],
            "scaling_config": {"min_size": 1, "max_size": 2},
            "wait": False,
        },
    ),
    named(
        "cache",
        "flaskops.eks.elasticache_replication_group",
        {
            "replication_group_id": "c",
            "description": "cache",
            "engine": "redis",
            "node_type": "cache.t4g.micro",
            "auth_token": PASSWORD,
            "transit_encryption": True,
            "wait": False,
        },
    ),
    named("secrets_told", "flaskops.eks.secretsmanager_secret_info", {"names": ["database", "nothing"]}),
    named("own_missing_option", "flaskops.eks.eks_access_entry", {"cluster_name": "c"}),
    named(
        "own_refused", "flaskops.eks.eks_access_entry", {"cluster_name": "c", "principal_arn": "arn:aws:iam::1:role/r"}
    ),
    named("gone", "community.aws.sns_topic", {"name": "nothing", "state": "absent"}),
]
NAMES = [str(task["name"]) for task in TASKS]
# Values that AWS generates: times, ids, the random suffix of a secret's ARN.
_CHANGING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:\+00:00|Z)?|0x[0-9a-f]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b"
    r"|(?<=-)[0-9a-f]{8,17}\b|\bARO?A[A-Z0-9]{12,}|(?<=:secret:database)-\w{6}|(?<=hostedzone/)\w+|(?<=into zone )\w+|\bZ[A-Z0-9]{10,}\b|http://127\S+"
    r"|\b_?[0-9a-z]+\.[0-9a-z]+\.acm-validations\.aws|\b_[0-9a-f]{16,}|\b(?:[0-9a-f]{2}:){15}[0-9a-f]{2}"
    r"|(?<=\.c\.)[a-z0-9]{6}(?=\.use1\.cache\.)"
)
_MADE_UP: t.Final = frozenset(
    {"date", "x-amzn-requestid", "request_id", "RequestId", "user_id", "zone_id", "serial"}
    | {"certificate_authority", "remote_access_security_group"}
)
# Tasks with a different result in check mode, because the runner plans them and the upstream module does not.
_PLANNED: t.Final = frozenset({"bucket", "refused"})


def plain(value: t.Any) -> t.Any:
    """Return the value without the parts that AWS generates."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if key not in _MADE_UP}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return _CHANGING.sub("#", value)
    return value


@pytest.fixture(scope="module")
def runs(account: Account, run_tasks: t.Callable[..., Run]) -> dict[tuple[str, bool], Run]:
    """Apply all tasks to an empty account, then run them in check mode: in process (True) and in a subprocess."""
    found = {}
    for in_process in (True, False):
        account.reset()
        found["apply", in_process] = run_tasks(TASKS, in_process=in_process)
        found["check", in_process] = run_tasks(TASKS, "--check", "--diff", in_process=in_process)
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", ["apply", "check"])
def test_same_result(runs: dict[tuple[str, bool], Run], mode: str, name: str) -> None:
    """Every task has the same result both ways."""
    if mode == "check" and name in _PLANNED:
        assert "plan" in runs[mode, True].results[name]
        return
    assert "plan" not in runs[mode, True].results[name]
    assert plain(runs[mode, True].results[name]) == plain(runs[mode, False].results[name])


def test_results_are_plausible(runs: dict[tuple[str, bool], Run]) -> None:
    """The tasks worked, so that equal results are not equal failures."""
    applied, checked = runs["apply", True].results, runs["check", True].results
    changing = (
        "vpc",
        "subnet",
        "gateway",
        "group",
        "role",
        "key",
        "secret",
        "parameter",
        "subnet_group",
        "zone",
        "topic",
        "cluster",
        "nodes",
        "cache",
    )
    for name in (*changing, "bucket", "looped", "secret_hidden"):
        assert applied[name]["changed"] is True, name
    for name in (*changing, "looped"):
        assert checked[name]["changed"] is False, name
    for name in (
        "unknown_option",
        "missing_option",
        "wrong_type",
        "refused",
        "no_server",
        "own_missing_option",
        "own_refused",
    ):
        assert applied[name]["failed"] is True, name
    assert [secret["name"] for secret in applied["secrets_told"]["secrets"]] == ["database"]
    assert "Unsupported parameters" in applied["unknown_option"]["msg"]
    assert applied["refused"]["error"]["code"] == "InvalidVpcID.NotFound"
    assert (
        set(applied["secret_hidden"]) == {"censored", "changed", "_ansible_no_log"}
        or applied["secret_hidden"]["censored"]
    )


def test_no_secret_at_highest_verbosity(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """The output contains neither the AWS secret key nor the value of a secret."""
    account.reset()
    tasks = [task for task in TASKS if str(task["name"]).startswith(("secret", "caller", "no_server"))]
    for options in (("-vvv",), ("-vvv", "--check", "--diff")):
        output = run_tasks(tasks, *options, as_json=False).output
        assert "in process" in output
        assert PASSWORD not in output
        assert SECRET_KEY not in output
