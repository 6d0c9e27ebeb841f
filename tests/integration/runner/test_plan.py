"""Complete plans of an empty and of an existing environment."""

from __future__ import annotations

import stat
import typing as t

import pytest

from tests.integration.runner.support import Account, Run

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}


def task(module: str, options: dict[str, t.Any], register: str | None = None, **keywords: t.Any) -> dict[str, t.Any]:
    """One task."""
    return {"name": register or module, module: options, **({"register": register} if register else {}), **keywords}


STACK: list[dict[str, t.Any]] = [
    task("amazon.aws.ec2_vpc_net", {"name": "net", "cidr_block": "10.0.0.0/16"}, "vpc"),
    task(
        "amazon.aws.ec2_vpc_subnet",
        {"vpc_id": "{{ vpc.vpc.id }}", "cidr": "{{ item }}", "az": "eu-west-1a", "tags": {"Name": "public-{{ item }}"}},
        "subnets",
        loop=["10.0.1.0/24", "10.0.2.0/24"],
    ),
    task("amazon.aws.ec2_vpc_igw", {"vpc_id": "{{ vpc.vpc.id }}"}, "gateway"),
    task(
        "amazon.aws.ec2_vpc_nat_gateway",
        {"subnet_id": "{{ subnets.results[0].subnet.id }}", "if_exist_do_not_create": True, "wait": False},
        "nat",
    ),
    task(
        "amazon.aws.ec2_vpc_route_table",
        {
            "vpc_id": "{{ vpc.vpc.id }}",
            "tags": {"Name": "public"},
            "lookup": "tag",
            "subnets": "{{ subnets.results | map(attribute='subnet.id') | list }}",
            "routes": [{"dest": "0.0.0.0/0", "gateway_id": "{{ gateway.gateway_id }}"}],
        },
        "routes",
    ),
    task(
        "amazon.aws.ec2_security_group",
        {
            "name": "alb",
            "description": "load balancer",
            "vpc_id": "{{ vpc.vpc.id }}",
            "rules": [{"proto": "tcp", "ports": [443], "cidr_ip": "0.0.0.0/0"}],
        },
        "alb",
    ),
    task(
        "amazon.aws.ec2_security_group",
        {
            "name": "nodes",
            "description": "nodes",
            "vpc_id": "{{ vpc.vpc.id }}",
            "rules": [{"proto": "tcp", "ports": ["1025-65535"], "group_id": "{{ alb.group_id }}"}],
        },
        "nodes",
    ),
    task("amazon.aws.iam_role", {"name": "cluster", "assume_role_policy_document": TRUST}, "role"),
    task(
        "amazon.aws.iam_policy",
        {"iam_type": "role", "iam_name": "cluster", "policy_name": "logs", "policy_json": LOGS},
        "policy",
    ),
    task("amazon.aws.kms_key", {"alias": "secrets"}, "key"),
    task(
        "community.aws.secretsmanager_secret",
        {"name": "database", "secret_type": "string", "secret": "sentinel-password", "kms_key_id": "{{ key.key_arn }}"},
        "secret",
    ),
    task(
        "amazon.aws.rds_subnet_group",
        {
            "name": "database",
            "state": "present",
            "description": "database",
            "subnets": "{{ subnets.results | map(attribute='subnet.id') | list }}",
        },
        "subnet_group",
    ),
    task(
        "amazon.aws.rds_instance",
        {
            "db_instance_identifier": "database",
            "engine": "postgres",
            "db_instance_class": "db.t4g.micro",
            "allocated_storage": 20,
            "username": "flask",
            "password": "sentinel-password",
            "db_subnet_group_name": "{{ subnet_group.subnet_group.name }}",
            "vpc_security_group_ids": ["{{ nodes.group_id }}"],
            "kms_key_id": "{{ key.key_arn }}",
            "wait": False,
        },
        "database",
    ),
    task("amazon.aws.route53_zone", {"zone": "example.test"}, "zone"),
    task(
        "amazon.aws.route53",
        {
            "zone": "example.test",
            "record": "api.example.test",
            "type": "A",
            "value": "192.0.2.1",
            "state": "present",
            "ttl": 60,
            "region": "{{ omit }}",
        },
        "record",
        # The option `region` of route53 means latency routing; the AWS region comes from the environment.
        environment={"AWS_DEFAULT_REGION": "eu-west-1"},
    ),
    task("amazon.aws.s3_bucket", {"name": "flask-assets"}, "bucket"),
    task("community.aws.sns_topic", {"name": "alarms"}, "topic"),
    task(
        "amazon.aws.ec2_vpc_subnet", {"vpc_id": "{{ vpc.vpc.id }}", "cidr": "10.0.9.0/24", "state": "absent"}, "removed"
    ),
    task("amazon.aws.ec2_vpc_subnet_info", {"filters": {"vpc-id": "{{ vpc.vpc.id }}"}}, "look"),
]
CREATED = len(STACK) - 2 + 1  # two tasks change nothing, one loops over two items


def test_plan_from_nothing(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """Every task is planned without failures or changing calls, and no output contains the secret."""
    account.reset()
    run = run_tasks(STACK, "--check", "--diff", as_json=False)
    assert run.returncode == 0, run.output
    assert "failed=0" in run.output
    assert "skipped=0" in run.output
    assert account.writes == []
    plan = run.plan()
    assert plan["whole"] is True
    assert plan["totals"] == {"create": CREATED, "update": 0, "delete": 0, "unplannable": 0, "kept": 0}
    assert f"Plan: {CREATED} to create, 0 to change, 0 to delete." in run.output
    assert all(resource["changes"] for resource in plan["resources"]), "every creation lists its attributes"
    assert "sentinel" not in run.output
    assert "sentinel" not in (run.folder / "plan.json").read_text()
    assert stat.S_IMODE((run.folder / "plan.json").stat().st_mode) == 0o600


def test_plan_after_apply_is_empty(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """The run creates what the plan listed; a second plan lists only modules without check mode."""
    account.reset()
    applied = run_tasks(STACK)
    assert applied.returncode == 0, applied.output[-3000:]
    writes = list(account.writes)
    assert writes
    run = run_tasks(STACK, "--check", as_json=False)
    assert run.returncode == 0, run.output
    assert account.writes == writes
    plan = run.plan()
    assert [(line["action"], line["kind"]) for line in plan["resources"]] == [("unplannable", "s3_bucket")]
    assert "! playbook           s3_bucket flask-assets" in run.output


def test_plan_fails_on_real_errors(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """A missing role that is not planned, and invalid arguments beside a placeholder, fail the plan."""
    account.reset()
    tasks = [
        task(
            "amazon.aws.iam_policy",
            {"iam_type": "role", "iam_name": "someone-elses", "policy_name": "p", "policy_json": {"Statement": []}},
            "policy",
            ignore_errors=True,
        ),
        task(
            "amazon.aws.ec2_vpc_subnet",
            {"vpc_id": "(known after apply)", "cidr": "10.0.1.0/24", "colour": "red"},
            "wrong",
            ignore_errors=True,
        ),
        task("amazon.aws.ec2_vpc_subnet", {"vpc_id": "(known after apply)"}, "incomplete"),
    ]
    run = run_tasks(tasks, "--check")
    assert run.results["policy"]["failed"] is True
    assert "Unsupported parameters" in run.results["wrong"]["msg"]
    assert "missing required arguments: cidr" in run.results["incomplete"]["msg"]
    assert run.plan()["whole"] is False
    assert run.plan()["failures"] == ["playbook: incomplete"]


def test_drifted_account(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """Existing objects are kept, missing ones created and different ones changed."""
    account.reset()
    vpc = {"name": "net", "cidr_block": "10.0.0.0/16", "tags": {"owner": "flask"}}
    run_tasks(
        [task("amazon.aws.ec2_vpc_net", vpc, "vpc"), task("community.aws.sns_topic", {"name": "alarms"}, "topic")]
    )
    routes = [{"dest": "0.0.0.0/0", "gateway_id": "igw"}]
    tasks = [
        task("amazon.aws.ec2_vpc_net", {**vpc, "tags": {"owner": "other"}}, "vpc"),
        task("amazon.aws.ec2_vpc_igw", {"vpc_id": "{{ vpc.vpc.id }}"}, "gateway"),
        task(
            "amazon.aws.ec2_vpc_route_table",
            {"vpc_id": "{{ vpc.vpc.id }}", "tags": {"Name": "public"}, "routes": routes},
            "routes",
        ),
        task("community.aws.sns_topic", {"name": "alarms", "state": "absent"}, "topic"),
    ]
    run = run_tasks(tasks, "--check", "--diff", as_json=False)
    assert run.returncode == 0, run.output
    found = [(line["action"], line["kind"]) for line in run.plan()["resources"]]
    assert found == [
        ("update", "ec2_vpc_net"),
        ("create", "ec2_vpc_igw"),
        ("create", "ec2_vpc_route_table"),
        ("delete", "sns_topic"),
    ]


def test_no_log_is_hidden_in_the_plan(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """A play with no_log is planned without values."""
    account.reset()
    tasks = [
        task("community.aws.ssm_parameter", {"name": "/a", "value": "sentinel", "string_type": "SecureString"}, "one")
    ]
    tasks.append(task("community.aws.sns_topic", {"name": "sentinel-{{ item }}"}, "two", loop=["a"]))
    run = run_tasks(tasks, "--check", "--diff", play={"no_log": True}, as_json=False)
    assert "hidden by no_log" in run.output
    assert "sentinel" not in run.output
    assert "sentinel" not in (run.folder / "plan.json").read_text()


@pytest.mark.parametrize(
    ("keywords", "reason"),
    [
        (
            {"vars": {"ansible_python_interpreter": "/usr/bin/python3"}},
            "the Python interpreter is not the controller's",
        ),
        ({"environment": {"PYTHONUNBUFFERED": "1"}}, "the environment changes how Python starts"),
        ({"async": 60, "poll": 1}, "async"),
    ],
)
def test_falls_back(run_tasks: t.Callable[..., Run], keywords: dict[str, t.Any], reason: str) -> None:
    """Tasks that cannot run in process run in a subprocess, as in ansible-core."""
    run = run_tasks([task("amazon.aws.aws_caller_info", {}, "caller", **keywords)], "-vvv", as_json=False)
    assert f"runs the ordinary way: {reason}" in run.output
    assert "in process" not in run.output


def test_run_prints_times(run_tasks: t.Callable[..., Run]) -> None:
    """A run prints its times, also after a failure."""
    failed = run_tasks([{"name": "boom", "ansible.builtin.fail": {"msg": "no"}}], as_json=False)
    assert failed.returncode == 2
    fine = run_tasks([{"name": "fine", "ansible.builtin.debug": {"msg": "hello"}}], as_json=False)
    assert "TIME ***" in failed.output
    assert "TIME ***" in fine.output
