"""Plan actions (`+`, `~`, `-`, `!`) and resource names for each kind of task."""

from __future__ import annotations

import stat
import typing as t
from pathlib import Path

from tests.integration.runner.support import Account, Run
from tests.integration.runner.test_plan import TRUST, task

UNKNOWN = "(known after apply)"


def found(run: Run) -> list[tuple[str, str, str]]:
    """Return action, kind and name of every line."""
    assert run.plan()["whole"], run.output
    return [(line["action"], line["kind"], line["name"]) for line in run.plan()["resources"]]


def test_files(run_tasks: t.Callable[..., Run], tmp_path: Path) -> None:
    """Missing files are created, existing ones changed; the plan contains no file contents."""
    (tmp_path / "old").write_text("old\n")
    (tmp_path / "empty").touch()
    (tmp_path / "source.j2").write_text("sentinel {{ 1 + 1 }}\n")
    content = "sentinel\n"
    tasks = [
        task("ansible.builtin.copy", {"content": content, "dest": f"{tmp_path}/new"}),
        task("ansible.builtin.copy", {"content": content, "dest": f"{tmp_path}/old"}),
        task("ansible.builtin.copy", {"content": content, "dest": f"{tmp_path}/empty"}),
        task("ansible.builtin.template", {"src": f"{tmp_path}/source.j2", "dest": f"{tmp_path}/rendered"}),
        task("ansible.builtin.file", {"path": f"{tmp_path}/folder", "state": "directory"}),
        task("ansible.builtin.file", {"path": f"{tmp_path}/old", "mode": "0600"}),
        task("ansible.builtin.file", {"path": f"{tmp_path}/empty", "state": "absent"}),
        task("ansible.builtin.file", {"path": f"{tmp_path}/gone", "state": "absent"}),
    ]
    run = run_tasks(tasks, "--check", "--diff", as_json=False)
    assert found(run) == [
        ("create", "copy", f"{tmp_path}/new"),
        ("update", "copy", f"{tmp_path}/old"),
        ("update", "copy", f"{tmp_path}/empty"),
        ("create", "template", f"{tmp_path}/rendered"),
        ("create", "file", f"{tmp_path}/folder"),
        ("update", "file", f"{tmp_path}/old"),
        ("delete", "file", f"{tmp_path}/empty"),
    ]
    assert "Plan: 3 to create, 3 to change, 1 to delete." in run.output
    assert f"+ playbook           template {tmp_path}/rendered  content\n" in run.output
    assert "sentinel" not in (run.folder / "plan.json").read_text()


def test_modules_without_check_mode(run_tasks: t.Callable[..., Run], tmp_path: Path) -> None:
    """Modules without check mode cannot be planned unless changed_when is false; read-only tasks are not listed."""
    new = {"content": "x", "dest": f"{tmp_path}/new"}
    tasks = [
        task("ansible.builtin.command", {"argv": ["true"]}, "runs"),
        task("ansible.builtin.command", {"argv": ["true"]}, "reads", changed_when=False),
        task("ansible.builtin.copy", new, "never_changes", changed_when=False),
        task("ansible.builtin.copy", new, "looks", check_mode=True),
        {"name": "around", "check_mode": True, "block": [task("ansible.builtin.copy", new, "looks_as_well")]},
        task("ansible.builtin.copy", new, "not_today", when=False),
        task("ansible.builtin.copy", new, "retried", until="retried.attempts == 2", retries=3, delay=0),
    ]
    run = run_tasks(tasks, "--check", "--diff", as_json=False)
    assert found(run) == [("unplannable", "command", "runs"), ("create", "copy", new["dest"])]
    assert "! playbook           command runs  the module has no check mode\n" in run.output


def test_unknown_input_of_existing_objects(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """An object that exists by name is changed, not created, when another input is not known yet."""
    account.reset()
    subnets = "{{ [a.subnet.id, b.subnet.id] }}"
    vpc = "{{ vpc.vpc.id }}"

    def stack(suffix: str, unknown: str, **known: t.Any) -> list[dict[str, t.Any]]:
        """Return the same objects with known or unknown inputs."""
        arns, groups, table = known["arns"], known["groups"], known["table"]
        return [
            task(
                "amazon.aws.iam_role",
                {"name": f"role{suffix}", "assume_role_policy_document": TRUST, "managed_policies": arns},
            ),
            task(
                "amazon.aws.ec2_security_group",
                {"name": f"group{suffix}", "description": "web", "vpc_id": vpc, "rules": groups},
            ),
            task(
                "amazon.aws.ec2_vpc_route_table",
                {"vpc_id": vpc, "tags": {"Name": f"table{suffix}"}, "lookup": "tag", **table},
            ),
            task(
                "amazon.aws.rds_subnet_group",
                {"name": f"subnets{suffix}", "state": "present", "description": "x", "subnets": known["subnets"]},
            ),
            task(
                "community.aws.secretsmanager_secret",
                {"name": f"secret{suffix}", "secret": "sentinel", "kms_key_id": unknown or "{{ omit }}"},
            ),
            task(
                "community.aws.secretsmanager_secret",
                {
                    "name": f"kept{suffix}",
                    "secret": "sentinel",
                    "overwrite": False,
                    "kms_key_id": unknown or "{{ omit }}",
                },
            ),
            task(
                "flaskops.eks.eks_cluster",
                {
                    "name": f"cluster{suffix}",
                    "role_arn": "arn:aws:iam::123456789012:role/cluster",
                    "subnet_ids": subnets,
                    "security_group_ids": [unknown] if unknown else [],
                    "wait": False,
                },
            ),
        ]

    network = [
        task("amazon.aws.ec2_vpc_net", {"name": "net", "cidr_block": "10.0.0.0/16"}, "vpc"),
        *(
            task(
                "amazon.aws.ec2_vpc_subnet", {"vpc_id": vpc, "cidr": f"10.0.{number}.0/24", "az": f"eu-west-1{az}"}, az
            )
            for number, az in enumerate("ab")
        ),
    ]
    applied = run_tasks(
        network + stack("", "", arns=[], groups=[], table={"routes": []}, subnets=subnets), as_json=False
    )
    assert applied.returncode == 0, applied.output
    unknown = {
        "arns": [UNKNOWN],
        "groups": [{"proto": "tcp", "ports": [443], "group_id": UNKNOWN}],
        "table": {"routes": [{"dest": "0.0.0.0/0", "gateway_id": UNKNOWN}], "subnets": [UNKNOWN]},
        "subnets": [UNKNOWN],
    }
    writes = list(account.writes)
    check = network + stack("", UNKNOWN, **unknown) + stack("-new", UNKNOWN, **unknown)
    run = run_tasks(check, "--check", "--diff", as_json=False)
    assert account.writes == writes
    kinds = (
        ("iam_role", "role"),
        ("ec2_security_group", "group"),
        ("ec2_vpc_route_table", "table"),
        ("rds_subnet_group", "subnets"),
        ("secretsmanager_secret", "secret"),
        ("eks_cluster", "cluster"),
    )
    lines = found(run)
    assert [line for line in lines if line[0] == "update"] == [("update", kind, name) for kind, name in kinds]
    created = {name for action, _kind, name in lines if action == "create"}
    assert created == {f"{name}-new" for _kind, name in kinds} | {"kept-new"}, "kept is never overwritten"
    assert "sentinel" not in (run.folder / "plan.json").read_text()


def test_drift_is_a_change(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """Existing objects that differ are changed, also with a vague check mode of the module and without --diff."""
    account.reset()
    vpc, subnets = "{{ vpc.vpc.id }}", ["{{ a.subnet.id }}", "{{ b.subnet.id }}"]

    def stack(word: str, number: int) -> list[dict[str, t.Any]]:
        """Return all objects; two calls differ in one attribute of each."""
        tags = {"tags": {"owner": word}}
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": f"{word}:*", "Resource": "*"}]}
        rule = {"proto": "tcp", "ports": [number], "cidr_ip": "0.0.0.0/0"}
        return [
            task("amazon.aws.ec2_vpc_net", {"name": "net", "cidr_block": "10.0.0.0/16", **tags}, "vpc"),
            *(
                task(
                    "amazon.aws.ec2_vpc_subnet",
                    {"vpc_id": vpc, "cidr": f"10.0.{index}.0/24", "az": f"eu-west-1{zone}", **tags},
                    zone,
                )
                for index, zone in enumerate("ab")
            ),
            task("amazon.aws.ec2_vpc_igw", {"vpc_id": vpc, **tags}),
            task(
                "amazon.aws.ec2_vpc_nat_gateway",
                {"subnet_id": subnets[0], "if_exist_do_not_create": True, "wait": True, **tags},
            ),
            task("amazon.aws.ec2_vpc_endpoint", {"vpc_id": vpc, "service": "com.amazonaws.eu-west-1.s3", **tags}),
            task("amazon.aws.ec2_security_group", {"name": "g", "description": "g", "vpc_id": vpc, "rules": [rule]}),
            task("amazon.aws.iam_managed_policy", {"name": "p", "policy": policy, "only_version": True}),
            task("amazon.aws.iam_role", {"name": "r", "assume_role_policy_document": TRUST, "description": word}),
            task("amazon.aws.kms_key", {"alias": "k", "description": word}),
            task("amazon.aws.cloudwatchlogs_log_group", {"log_group_name": "/l", "retention": number}),
            task("amazon.aws.ec2_launch_template", {"template_name": "template", "instance_type": f"t3.{word}"}),
            task(
                "amazon.aws.rds_subnet_group",
                {"name": "s", "state": "present", "description": word, "subnets": subnets},
            ),
            task("community.aws.elasticache_subnet_group", {"name": "s", "description": word, "subnets": subnets}),
            task(
                "amazon.aws.rds_instance",
                {
                    "db_instance_identifier": "d",
                    "db_subnet_group_name": "s",
                    "engine": "postgres",
                    "db_instance_class": "db.t4g.micro",
                    "allocated_storage": 20 + number,
                    "username": "u",
                    "password": "sentinel-password",
                    "wait": False,
                },
            ),
            task(
                "community.aws.secretsmanager_secret", {"name": "s", "secret": "sentinel", "overwrite": False, **tags}
            ),
            task("community.aws.ssm_parameter", {"name": "/p", "value": word}),
            task("community.aws.ecs_ecr", {"name": "images", "scan_on_push": number > 1}),
            task("amazon.aws.route53_zone", {"zone": "example.test", "comment": word}),
            task(
                "amazon.aws.route53",
                {
                    "zone": "example.test",
                    "record": "a.example.test",
                    "type": "A",
                    "value": f"192.0.2.{number}",
                    "state": "present",
                    "overwrite": True,
                    "region": "{{ omit }}",
                },
                environment={"AWS_DEFAULT_REGION": "eu-west-1"},
            ),
            task(
                "flaskops.eks.eks_cluster",
                {
                    "name": "c",
                    "role_arn": "arn:aws:iam::123456789012:role/cluster",
                    "subnet_ids": subnets,
                    "wait": False,
                    **tags,
                },
            ),
        ]

    applied = run_tasks(stack("micro", 1), as_json=False)
    assert applied.returncode == 0, applied.output
    writes = list(account.writes)
    for options in (["--check", "--diff"], ["--check"]):
        run = run_tasks(stack("small", 3), *options, as_json=False)
        expected = [("update", kind.rpartition(".")[2]) for item in stack("small", 3) for kind in item if "." in kind]
        assert [(action, kind) for action, kind, _name in found(run)] == expected
    assert account.writes == writes


def test_teardown(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """Every removal is a line with a name, missing objects are not listed, and the totals are correct."""
    account.reset()
    subnet = {"vpc_id": "{{ vpc.vpc.id }}", "cidr": "10.0.1.0/24"}
    applied = run_tasks(
        [
            task("amazon.aws.ec2_vpc_net", {"name": "net", "cidr_block": "10.0.0.0/16"}, "vpc"),
            task("amazon.aws.ec2_vpc_subnet", subnet, "subnet"),
            task("amazon.aws.ec2_vpc_igw", {"vpc_id": "{{ vpc.vpc.id }}"}, "gateway"),
            task("amazon.aws.ec2_vpc_nat_gateway", {"subnet_id": "{{ subnet.subnet.id }}", "wait": True}, "nat"),
            task(
                "amazon.aws.ec2_vpc_endpoint",
                {"vpc_id": "{{ vpc.vpc.id }}", "service": "com.amazonaws.eu-west-1.s3"},
                "endpoint",
            ),
            task("amazon.aws.ec2_vpc_route_table", {"vpc_id": "{{ vpc.vpc.id }}", "tags": {"Name": "t"}}, "table"),
            task(
                "amazon.aws.ec2_security_group",
                {"name": "web", "description": "web", "vpc_id": "{{ vpc.vpc.id }}"},
                "group",
            ),
            task("amazon.aws.iam_role", {"name": "role", "assume_role_policy_document": TRUST}, "role"),
            task("amazon.aws.kms_key", {"alias": "key"}, "key"),
            task("amazon.aws.cloudwatchlogs_log_group", {"log_group_name": "/logs"}, "logs"),
            task("community.aws.secretsmanager_secret", {"name": "secret", "secret": "sentinel"}, "secret"),
            task("community.aws.ecs_ecr", {"name": "app"}, "images"),
            task("amazon.aws.route53_zone", {"zone": "example.test"}, "zone"),
            task("amazon.aws.s3_bucket", {"name": "bucket"}, "bucket"),
        ]
    )
    assert applied.returncode == 0, applied.output[-3000:]
    made = {name: result for name, result in applied.results.items() if isinstance(result, dict)}
    vpc_id = made["vpc"]["vpc"]["id"]
    ids = {
        "nat_gateway_id": made["nat"]["nat_gateway_id"],
        "vpc_endpoint_id": made["endpoint"]["result"]["vpc_endpoint_id"],
        "route_table_id": made["table"]["route_table"]["id"],
        "group_id": made["group"]["group_id"],
        "key_id": made["key"]["key_id"],
        "public_ip": made["nat"]["nat_gateway_addresses"][0]["public_ip"],
    }
    writes = list(account.writes)

    def absent(module: str, **options: t.Any) -> dict[str, t.Any]:
        return task(module, {"state": "absent", **options})

    def by_id(option: str) -> dict[str, str]:
        return {option: ids[option]}

    run = run_tasks(
        [
            absent("amazon.aws.ec2_vpc_endpoint", **by_id("vpc_endpoint_id")),
            absent("amazon.aws.ec2_vpc_nat_gateway", **by_id("nat_gateway_id")),
            absent("amazon.aws.ec2_security_group", **by_id("group_id")),
            absent("amazon.aws.ec2_security_group", name="gone", vpc_id=vpc_id),
            absent("amazon.aws.ec2_vpc_route_table", vpc_id=vpc_id, lookup="id", **by_id("route_table_id")),
            absent("amazon.aws.ec2_vpc_subnet", vpc_id=vpc_id, cidr="10.0.1.0/24"),
            absent("amazon.aws.ec2_vpc_subnet", vpc_id=vpc_id, cidr="10.0.2.0/24"),
            absent("amazon.aws.ec2_vpc_igw", vpc_id=vpc_id),
            absent("amazon.aws.ec2_vpc_net", vpc_id=vpc_id),
            absent("amazon.aws.ec2_eip", **by_id("public_ip")),
            {**absent("amazon.aws.iam_role", name="{{ item }}"), "loop": ["role", "gone"]},
            absent("amazon.aws.iam_managed_policy", name="gone"),
            absent("amazon.aws.kms_key", pending_window=7, **by_id("key_id")),
            absent("amazon.aws.cloudwatchlogs_log_group", log_group_name="/logs"),
            absent("amazon.aws.cloudwatchlogs_log_group", log_group_name="/gone"),
            absent("amazon.aws.ec2_launch_template", template_name="gone"),
            absent("amazon.aws.rds_instance", db_instance_identifier="gone", skip_final_snapshot=True),
            absent("amazon.aws.rds_subnet_group", name="gone"),
            absent("community.aws.elasticache_subnet_group", name="gone"),
            absent("community.aws.secretsmanager_secret", name="secret", recovery_window=7),
            absent("community.aws.secretsmanager_secret", name="gone"),
            absent("community.aws.ecs_ecr", name="app", force_absent=True),
            absent("community.aws.ecs_ecr", name="gone", force_absent=True),
            absent("amazon.aws.route53_zone", zone="example.test"),
            absent("amazon.aws.s3_bucket", name="bucket"),
            absent("amazon.aws.s3_bucket", name="gone"),
            absent("flaskops.eks.eks_cluster", name="gone"),
            absent("flaskops.eks.eks_nodegroup", name="gone", cluster_name="gone"),
            absent("flaskops.eks.elasticache_replication_group", replication_group_id="gone"),
        ],
        "--check",
        "--diff",
        as_json=False,
    )
    assert account.writes == writes
    assert found(run) == [
        ("delete", "ec2_vpc_endpoint", ids["vpc_endpoint_id"]),
        ("delete", "ec2_vpc_nat_gateway", ids["nat_gateway_id"]),
        ("delete", "ec2_security_group", ids["group_id"]),
        ("delete", "ec2_vpc_route_table", ids["route_table_id"]),
        ("delete", "ec2_vpc_subnet", "10.0.1.0/24"),
        ("delete", "ec2_vpc_igw", vpc_id),
        ("delete", "ec2_vpc_net", vpc_id),
        ("delete", "ec2_eip", ids["public_ip"]),
        ("delete", "iam_role", "role"),
        ("delete", "kms_key", ids["key_id"]),
        ("delete", "cloudwatchlogs_log_group", "/logs"),
        ("delete", "secretsmanager_secret", "secret"),
        ("delete", "ecs_ecr", "app"),
        ("delete", "route53_zone", "example.test"),
        ("delete", "s3_bucket", "bucket"),
    ]
    assert "Plan: 0 to create, 0 to change, 15 to delete." in run.output


def test_hidden_tasks_are_planned_without_a_value(account: Account, run_tasks: t.Callable[..., Run]) -> None:
    """With no_log the plan shows create, change or delete without values."""
    account.reset()

    def secret(name: str, **options: t.Any) -> dict[str, t.Any]:
        return task("community.aws.secretsmanager_secret", {"name": name, **options}, no_log=True)

    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sentinel-name", "namespace": "x"},
        "stringData": {"key": "sentinel"},
    }
    hidden = {"api_key": UNKNOWN, "host": UNKNOWN}
    assert run_tasks([secret("sentinel-old", secret="sentinel-1"), secret("sentinel-bye", secret="x")]).returncode == 0
    tasks = [
        secret("sentinel-new", secret="sentinel-2"),
        secret("sentinel-old", secret="sentinel-2"),
        secret("sentinel-bye", state="absent"),
        secret("sentinel-gone", state="absent"),
        task(
            "flaskops.eks.manifests",
            {"resources": [manifest, {**manifest, "kind": "ConfigMap"}], **hidden},
            no_log=True,
        ),
    ]
    run = run_tasks(tasks, "--check", "--diff", as_json=False)
    kind = "secretsmanager_secret"
    name = f"community.aws.{kind}"
    assert found(run) == [
        ("create", kind, name),
        ("update", kind, name),
        ("delete", kind, name),
        ("create", "manifests", "flaskops.eks.manifests"),
        ("create", "manifests", "flaskops.eks.manifests"),
    ]
    assert "sentinel" not in run.output
    assert "sentinel" not in (run.folder / "plan.json").read_text()


def test_image(run_tasks: t.Callable[..., Run], tmp_path: Path) -> None:
    """A check run names the image without podman; a run passes the password to podman on standard input."""
    log, folders = tmp_path / "log", tmp_path / "folders"
    podman = tmp_path / "bin" / "podman"
    podman.parent.mkdir()
    # A fake that logs its arguments, the password and the mode of the login directory, and has no image.
    podman.write_text(
        f"""#!/bin/sh
echo "podman $*" >> {log}
case $1 in
login) cat >> {log}; echo >> {log}; for last; do :; done
  while [ "$1" != --authfile ]; do shift; done
  dirname "$2" >> {folders}; stat -c %a "$(dirname "$2")" >> {folders}; [ "$last" = registry.test:5000 ] ;;
image) exit 1 ;;
inspect) echo '[]' ;;
esac
"""
    )
    podman.chmod(0o755)
    options = {
        "name": "registry.test:5000/app",
        "tag": "v1",
        "path": str(tmp_path),
        "flags": ["--build-arg", "A=x y"],
        "username": "AWS",
        "password": "sentinel",
        "cert_dir": "/certs",
    }
    (tmp_path / "Containerfile").write_text("FROM scratch\n")
    environment = {"PATH": f"{podman.parent}:{{{{ lookup('ansible.builtin.env', 'PATH') }}}}"}

    def build(**changed: str) -> list[dict[str, t.Any]]:
        return [task("flaskops.eks.container_image", {**options, **changed}, "image", environment=environment)]

    run = run_tasks(build(), "--check", "--diff", as_json=False)
    assert found(run) == [("create", "image", "registry.test:5000/app:v1")]
    assert not log.exists()
    run = run_tasks(build(), "-vvv", as_json=False)
    assert run.returncode == 0, run.output
    calls = log.read_text().splitlines()
    assert "--password-stdin" in calls[0]
    assert calls[1] == "sentinel"
    assert any(call.startswith("podman build") and "A=x y" in call and "--tls-verify" not in call for call in calls)
    assert calls[-1].startswith("podman push") or any(call.startswith("podman push") for call in calls)
    folder, mode = folders.read_text().splitlines()
    assert mode == "700"
    assert not Path(folder).exists()
    assert "sentinel" not in run.output
    refused = run_tasks(build(name="other.test/app"), as_json=False)
    assert refused.returncode == 2
    assert "podman could not log in" in refused.output


def test_plan_file_is_private(run_tasks: t.Callable[..., Run], tmp_path: Path) -> None:
    """Also if a readable file with that name exists."""
    plan = tmp_path / "plan.json"
    plan.touch(mode=0o644)
    new = task("ansible.builtin.copy", {"content": "x", "dest": f"{tmp_path}/new"})
    run_tasks([new], "--check", environment={"FLASKOPS_PLAN_FILE": str(plan)})
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    assert "new" in plan.read_text()
