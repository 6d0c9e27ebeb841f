"""All versions that the sandbox builds or pulls."""

from __future__ import annotations

KUBERNETES = "1.34.2"
"""Not newer: since 1.35 the kubelet rejects cgroup v1 by default."""

KIND = "0.30.0"
HELM = "3.22.0"
COREDNS = "1.14.7"
COREDNS_TAG = "v1.12.1"
"""The tag that kubeadm expects; the image contains the newer coredns above."""

METRICS_SERVER = "0.9.0"
LOAD_BALANCER_CONTROLLER = "3.2.2"
"""The version that tools/load_balancer_controller/go.mod pins by commit."""

EXTERNAL_DNS = "0.23.0"
"""What tools/external_dns changes in the module is made for this version."""

PAUSE = "3.10.1"
ETCD_TAG = "3.6.5-0"
"""The tag that kubeadm expects; the image contains the etcd version of Kubernetes' go.mod."""

PUBLISHED_NODE_IMAGE = "docker.io/kindest/node:v1.34.0"
PUBLISHED_PYTHON_IMAGE = "docker.io/library/python:3.13-slim-bookworm"

NODE_SUITE = "bookworm"
"""It has systemd 252; since 256 systemd rejects cgroup v1."""
PYTHON_SUITE = "trixie"
"""The Debian release with Python 3.13."""

DEBIAN_PACKAGES = (
    "podman",
    "runc",
    "netavark",
    "aardvark-dns",
    "iptables",
    "nftables",
    "conntrack",
    "iproute2",
    "mmdebstrap",
    "docker-registry",
    "postgresql-15",
    "redis-server",
    "mariadb-server-core",
    "mariadb-client-core",
    "curl",
    "ca-certificates",
)
"""Servers for the sandbox and the tests of the application. Their packages must not start services."""
