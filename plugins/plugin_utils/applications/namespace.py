# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Namespace: restricted pods, and readiness gates of the load balancer."""

from __future__ import annotations

from .context import Manifest, Shared
from .kinds import KINDS
from .metadata import MANAGED_BY, MANAGED_BY_LABEL

# https://kubernetes.io/docs/concepts/security/pod-security-standards/
POD_SECURITY = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
READINESS_GATE = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}


def namespace(shared: Shared) -> Manifest:
    """The namespace of the applications."""
    labels = {**POD_SECURITY, **READINESS_GATE, MANAGED_BY_LABEL: MANAGED_BY, **shared.namespace_labels}
    return {
        "apiVersion": KINDS["Namespace"].api_version,
        "kind": "Namespace",
        "metadata": {"name": shared.namespace, "labels": labels},
    }
