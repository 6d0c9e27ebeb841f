"""Configuration of kind and the nodes, as pure functions of an instance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from flaskops_sandbox.instance import Instance

API_PORT = 6443
WEBHOOK_FOLDER = "/etc/kubernetes/flaskops"
REGISTRY_FOLDER = "/etc/containerd/certs.d"


def webhook_kubeconfig(instance: Instance, cluster: str) -> dict[str, Any]:
    """Return the kubeconfig of the TokenReview webhook, with which the account verifies EKS tokens."""
    url = f"{instance.aws_endpoint_url}/_sandbox/eks/{cluster}/authenticate"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "account", "cluster": {"server": url}}],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "account", "context": {"cluster": "account", "user": "api-server"}}],
        "current-context": "account",
    }


def registry_hosts(instance: Instance, ca_path: str) -> str:
    """Return containerd's hosts.toml for the registry behind ECR: HTTPS with the sandbox CA."""
    return f'server = "https://{instance.registry}"\n\n[host."https://{instance.registry}"]\n  ca = "{ca_path}"\n'


def kind_config(
    instance: Instance, zones: dict[str, str], mounts: Path, registry_password: str, *, published: bool
) -> str:
    """Return the kind configuration as YAML. It contains the registry password, so pass it on standard input.

    `zones` maps each availability zone to the EC2 instance id that its worker uses as provider id.
    """
    auth = (
        f'[plugins."io.containerd.grpc.v1.cri".registry.configs."{instance.registry}".auth]\n'
        f'  username = "AWS"\n  password = "{registry_password}"\n'
    )
    registry_mount = {"hostPath": str(mounts / "registry"), "containerPath": REGISTRY_FOLDER, "readOnly": True}
    webhook_mount = {"hostPath": str(mounts / "webhook"), "containerPath": WEBHOOK_FOLDER, "readOnly": True}
    workers = [
        {
            "role": "worker",
            "labels": {"topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": instance.region},
            "extraMounts": [registry_mount],
            "kubeadmConfigPatches": [_join_patch(f"aws:///{zone}/{instance_id}")],
        }
        for zone, instance_id in zones.items()
    ]
    document = yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {
                "apiServerAddress": instance.address,
                "apiServerPort": API_PORT,
                "podSubnet": instance.pod_cidr,
                "serviceSubnet": instance.service_cidr,
                "kubeProxyMode": "nftables",
                "disableDefaultCNI": not published,
            },
            "containerdConfigPatches": [auth],
            "kubeadmConfigPatches": [_KUBELET_PATCH, _API_SERVER_PATCH],
            "nodes": [{"role": "control-plane", "extraMounts": [registry_mount, webhook_mount]}, *workers],
        },
        sort_keys=False,
    )
    return str(document)


def cni_conflist(pod_cidr: str) -> str:
    """Return the pod network of a node: one veth per pod, addresses from the range of the node, host ports."""
    ipam = {"type": "host-local", "ranges": [[{"subnet": pod_cidr}]], "routes": [{"dst": "0.0.0.0/0"}]}
    return json.dumps(
        {
            "cniVersion": "0.4.0",
            "name": "flaskops",
            "plugins": [
                {"type": "ptp", "ipMasq": False, "ipam": {**ipam, "dataDir": "/run/cni-ipam-state"}},
                {"type": "portmap", "capabilities": {"portMappings": True}},
            ],
        },
        indent=2,
    )


def masquerade_rules(pod_cidr: str, all_pods: str) -> str:
    """Return nftables rules that masquerade traffic from pods to addresses outside the pod range."""
    return (
        "table ip flaskops\n"
        "delete table ip flaskops\n"
        "table ip flaskops {\n"
        "  chain postrouting {\n"
        "    type nat hook postrouting priority srcnat; policy accept;\n"
        f"    ip saddr {pod_cidr} ip daddr != {all_pods} masquerade\n"
        "  }\n"
        "}\n"
    )


_KUBELET_PATCH = yaml.safe_dump(
    {
        "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs",
        # The machine may use cgroup v1, which this kubelet supports but rejects by default.
        "failCgroupV1": False,
    }
)

_API_SERVER_PATCH = yaml.safe_dump(
    {
        "kind": "ClusterConfiguration",
        "apiServer": {
            "extraArgs": {
                "authentication-token-webhook-config-file": f"{WEBHOOK_FOLDER}/webhook.yaml",
                "authentication-token-webhook-version": "v1",
                # Short, so that a removed access entry stops working as quickly as on EKS.
                "authentication-token-webhook-cache-ttl": "5s",
            },
            "extraVolumes": [
                {
                    "name": "token-webhook",
                    "hostPath": WEBHOOK_FOLDER,
                    "mountPath": WEBHOOK_FOLDER,
                    "readOnly": True,
                    "pathType": "Directory",
                }
            ],
        },
    }
)


def _join_patch(provider_id: str) -> str:
    patch = {"kind": "JoinConfiguration", "nodeRegistration": {"kubeletExtraArgs": {"provider-id": provider_id}}}
    return str(yaml.safe_dump(patch))
