"""The final screen of `make up` and `make status`, read from the account and the cluster."""

from __future__ import annotations

from typing import Any
from urllib.request import getproxies

import boto3

from flaskops_sandbox import toolchain
from flaskops_sandbox.commands import CommandError, run
from flaskops_sandbox.instance import Instance
from flaskops_sandbox.kubernetes import cluster


def text(instance: Instance) -> str:
    """Return the components and how to reach them, with commands to copy."""
    lines = [f"Sandbox instance {instance.name!r}", f"  AWS API       {instance.aws_endpoint_url}"]
    lines += [f"  load balancer {instance.address} (ports 80 and 443), CA {instance.ca_file}"]
    if not cluster.exists(instance, ""):
        return "\n".join([*lines, "  no cluster yet: `make up` runs the chain"])
    kubeconfig = instance.state_dir / "kubeconfig"
    if kubeconfig.exists():
        lines += [f"  kubeconfig    {kubeconfig}", f"      {toolchain.kubectl()} --kubeconfig {kubeconfig} get pods -A"]
    lines += [f"  {line}" for line in _pods(instance)]
    direct = " --noproxy '*'" if {"https", "all"} & getproxies().keys() else ""
    for host in hosts(instance):
        curl = f"curl{direct} --cacert {instance.ca_file} --resolve {host}:443:{instance.address}"
        lines += [
            f"Service  https://{host}/",
            f"  {curl} https://{host}/status",
            f'  {curl} --json \'{{"title": "hello"}}\' https://{host}/tasks',
        ]
    lines += ["Next: make status, make logs, make test, make down"]
    return "\n".join(lines)


def hosts(instance: Instance) -> list[str]:
    """Return the host names with an alias record for a load balancer."""
    route53 = client(instance, "route53")
    found = []
    for zone in route53.list_hosted_zones()["HostedZones"]:
        records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        found += [record["Name"].rstrip(".") for record in records if "AliasTarget" in record]
    return sorted(set(found))


def client(instance: Instance, service: str) -> Any:
    """Return a boto3 client for the account of the instance, with the keys of its deployer."""
    keys = instance.credentials()["deployer"]
    return boto3.client(
        service,
        region_name=instance.region,
        endpoint_url=instance.aws_endpoint_url,
        aws_access_key_id=keys["access_key"],
        aws_secret_access_key=keys["secret_key"],
    )


def _pods(instance: Instance) -> list[str]:
    try:
        rows = run(
            [
                toolchain.kubectl(), "--kubeconfig", instance.kubeconfig, "--request-timeout=10s", "get", "pods",
                "--all-namespaces", "--no-headers", "--field-selector", "metadata.namespace!=kube-system",
            ],
            timeout=30,
        )  # fmt: skip
    except CommandError as error:
        return [f"the cluster does not respond: {error}"]
    return rows.rstrip().splitlines()
