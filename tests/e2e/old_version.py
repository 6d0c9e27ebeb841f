"""Applies what version c11e6d2 of this collection applied, in the order in which it did."""

from __future__ import annotations

import json
import string
import time
from pathlib import Path
from typing import Any

import yaml
from system import System

MANIFESTS = Path(__file__).parent / "fixtures" / "c11e6d2.yml"
FIELD_MANAGER = "flaskops"


def apply(system: System, folder: Path, **given: str) -> None:
    """Apply the old version's manifests and wait until its pods serve.

    Args:
        folder: Where the completed manifests are written.
        given: namespace, part_of, secret and host.
    """
    text = string.Template(MANIFESTS.read_text(encoding="utf-8")).substitute(_values(system), **given)
    items = list(yaml.safe_load_all(text))
    workloads = [item for item in items if item["kind"] in {"Deployment", "HorizontalPodAutoscaler"}]
    _apply(system, folder / "first.json", [item for item in items if item not in workloads])
    # The readiness gate is put into a pod only if the target group is bound by then.
    _until(system, "targetgroupbinding", given["namespace"], lambda found: len(found) == 1)
    _until(system, "job", given["namespace"], lambda found: all(_has(item, "Complete") for item in found))
    _apply(system, folder / "workloads.json", workloads)
    _until(system, "deployment", given["namespace"], lambda found: all(_is_complete(item) for item in found))


def items_of(system: System, kind: str, namespace: str) -> list[dict[str, Any]]:
    """Objects of a namespace."""
    answer = system.kubectl("get", kind, "-n", namespace, "-o", "json", "--show-managed-fields=false")
    assert answer.returncode == 0, answer.stderr
    return list(json.loads(answer.stdout)["items"])


def _values(system: System) -> dict[str, str]:
    """What differs between instances of the sandbox, from the applications that the chain has deployed."""
    (api,) = [item for item in items_of(system, "deployment", "flask") if item["metadata"]["name"] == "api-a"]
    pod = api["spec"]["template"]["spec"]
    container = pod["containers"][0]
    config_maps = {item["metadata"]["name"]: item["data"] for item in items_of(system, "configmap", "flask")}
    environment = config_maps[container["envFrom"][0]["configMapRef"]["name"]]
    (ca,) = [volume["configMap"]["name"] for volume in pod["volumes"] if volume["name"] == "ca"]
    (ingress,) = items_of(system, "ingress", "flask")
    annotation = {
        name.rpartition("/")[2]: value for name, value in ingress["metadata"]["annotations"].items() if "alb." in name
    }
    (secret,) = items_of(system, "externalsecret", "flask")
    stored = {entry["secretKey"]: entry["remoteRef"]["key"] for entry in secret["spec"]["data"]}
    (policy,) = [item for item in items_of(system, "networkpolicy", "flask") if item["metadata"]["name"] == "api"]
    return {
        "image": container["image"],
        "version": environment["APP_VERSION"],
        "database_host": environment["DATABASE_HOST"],
        "database_port": environment["DATABASE_PORT"],
        "database_name": environment["DATABASE_NAME"],
        "cache_host": environment["REDIS_HOST"],
        "cache_port": environment["REDIS_PORT"],
        # As JSON, which is YAML on one line.
        "ca_certificates": json.dumps(config_maps[ca]["ca.crt"]),
        "certificate_arn": annotation["certificate-arn"],
        "load_balancer_group": annotation["group.name"],
        "subnets": annotation["subnets"],
        "security_group": annotation["security-groups"],
        "database_secret": stored["DATABASE_USER"],
        "cache_secret": stored["REDIS_PASSWORD"],
        "application_secret": stored["SECRET_KEY"],
        "client_cidr": policy["spec"]["ingress"][0]["from"][0]["ipBlock"]["cidr"],
        "data_cidr": policy["spec"]["egress"][1]["to"][0]["ipBlock"]["cidr"],
    }


def _apply(system: System, path: Path, items: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), encoding="utf-8")
    answer = system.kubectl("apply", "--server-side", f"--field-manager={FIELD_MANAGER}", "-f", str(path))
    assert answer.returncode == 0, answer.stderr


def _until(system: System, kind: str, namespace: str, satisfied: Any) -> None:
    deadline = time.monotonic() + 300
    while not satisfied(items_of(system, kind, namespace)):
        assert time.monotonic() < deadline, system.kubectl("get", f"{kind},pods", "-n", namespace).stdout
        time.sleep(1)


def _has(item: dict[str, Any], condition: str) -> bool:
    found = item.get("status", {}).get("conditions") or []
    return any(entry["type"] == condition and entry["status"] == "True" for entry in found)


def _is_complete(item: dict[str, Any]) -> bool:
    """Every wanted pod is available; an autoscaler has set the wanted number by then."""
    wanted = 2 if item["metadata"]["name"] == "api" else 1
    return item["status"].get("availableReplicas", 0) >= wanted
