"""Configuration of kind and the nodes."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from flaskops_sandbox.instance import Instance
from flaskops_sandbox.kubernetes import config

INSTANCE = Instance("one", 3)
ZONES = {"eu-west-1a": "i-0aaa", "eu-west-1b": "i-0bbb"}


def kind(published: bool = False) -> dict:
    return yaml.safe_load(config.kind_config(INSTANCE, ZONES, Path("/mounts"), "s3cret", published=published))


def test_one_worker_per_zone_with_the_reserved_provider_id():
    workers = [node for node in kind()["nodes"] if node["role"] == "worker"]
    assert [worker["labels"]["topology.kubernetes.io/zone"] for worker in workers] == list(ZONES)
    patches = [yaml.safe_load(worker["kubeadmConfigPatches"][0]) for worker in workers]
    ids = [patch["nodeRegistration"]["kubeletExtraArgs"]["provider-id"] for patch in patches]
    assert ids == ["aws:///eu-west-1a/i-0aaa", "aws:///eu-west-1b/i-0bbb"]


def test_ranges_and_addresses_belong_to_the_instance():
    networking = kind()["networking"]
    assert networking["podSubnet"] == "10.203.0.0/16"
    assert networking["serviceSubnet"] == "10.103.0.0/16"
    assert networking["apiServerAddress"] == "127.90.3.1"


def test_network_of_kind_is_used_with_the_published_image_only():
    assert kind(published=True)["networking"]["disableDefaultCNI"] is False
    assert kind(published=False)["networking"]["disableDefaultCNI"] is True


def test_api_server_verifies_tokens_with_the_account():
    (server,) = [entry["cluster"]["server"] for entry in config.webhook_kubeconfig(INSTANCE, "flask")["clusters"]]
    assert server == "http://198.18.77.4:4566/_sandbox/eks/flask/authenticate"


def test_pods_get_addresses_from_the_range_of_their_node():
    ptp, portmap = json.loads(config.cni_conflist("10.203.1.0/24"))["plugins"]
    assert ptp["ipam"]["ranges"] == [[{"subnet": "10.203.1.0/24"}]]
    assert portmap["type"] == "portmap"


def test_only_traffic_leaving_the_pod_range_is_masqueraded():
    assert "ip saddr 10.203.1.0/24 ip daddr != 10.203.0.0/16 masquerade" in config.masquerade_rules(
        "10.203.1.0/24", "10.203.0.0/16"
    )
