"""Every version that the sandbox builds or pulls, in one place."""

from __future__ import annotations

KUBERNETES = "1.34.2"
"""Not newer: from 1.35 the kubelet refuses cgroup v1 by default."""

KIND = "0.30.0"
HELM = "3.22.0"
COREDNS = "1.14.7"
COREDNS_TAG = "v1.12.1"
"""The tag that kubeadm asks for; the coredns inside is the newer one above."""

METRICS_SERVER = "0.9.0"
LOAD_BALANCER_CONTROLLER = "3.2.2"
"""What tools/load_balancer_controller/go.mod pins by its commit."""

PAUSE = "3.10.1"
ETCD_TAG = "3.6.5-0"
"""The tag that kubeadm expects; the etcd inside is the version that Kubernetes' own go.mod asks for."""

PUBLISHED_NODE_IMAGE = "docker.io/kindest/node:v1.34.0"
PUBLISHED_PYTHON_IMAGE = "docker.io/library/python:3.13-slim-bookworm"

NODE_SUITE = "bookworm"
"""systemd 252: from 256 on it refuses cgroup v1."""
PYTHON_SUITE = "trixie"
"""The Debian release whose python3 is 3.13."""

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
"""What the sandbox and the application's tests run; never as services that a package starts by itself."""
