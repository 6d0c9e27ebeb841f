# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of an application: what they may do, where they run, how they start and stop. Pure.

What they may do is the `restricted` Pod Security Standard, and less
(https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

from __future__ import annotations

from ansible_collections.flaskops.eks.plugins.module_utils._applications import Settings, Shared
from ansible_collections.flaskops.eks.plugins.module_utils._manifest_parts import (
    Manifest,
    checksum,
    config_name,
    selector,
    versioned_labels,
)

USER_ID = 10001
CA_FOLDER = "/etc/flask-app/ca"
CA_FILE = "ca.crt"
PROBES = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}


def pod_template(settings: Settings, shared: Shared, with_secret_version: bool) -> Manifest:
    """Metadata and spec of the pods. A Job does not restart when a secret changes, so it takes no secret version."""
    annotations = {"flaskops.eks/config-checksum": checksum(settings, shared), **settings["pod_annotations"]}
    if with_secret_version and shared.secret_version:
        annotations["flaskops.eks/secret-version"] = shared.secret_version
    if settings["ingress"]["enabled"]:
        # The readiness gate is injected when a pod is made: pods from before the Ingress lack it and must be replaced.
        annotations["flaskops.eks/load-balanced"] = "true"
    volumes: list[Manifest] = [{"name": "tmp", "emptyDir": {"sizeLimit": settings["temporary_storage"]}}]
    if shared.ca_certificates:
        volumes.append({"name": "ca", "configMap": {"name": shared.ca_config_map, "defaultMode": 0o444}})
    spec: Manifest = {
        "serviceAccountName": settings["name"],
        "automountServiceAccountToken": bool(settings["service_account"]["automount_token"]),
        "enableServiceLinks": False,
        # What the pod needs to stop well: the sleep, then the requests that are still being answered, and a reserve.
        "terminationGracePeriodSeconds": int(settings["pre_stop_sleep_seconds"]) + int(settings["drain_seconds"]) + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **_placement(settings),
        "containers": [_container(settings, shared)],
        "volumes": volumes,
    }
    if settings["priority_class"]:
        spec["priorityClassName"] = settings["priority_class"]
    all_labels = {**versioned_labels(settings, shared), **settings["pod_labels"]}
    return {"metadata": {"labels": all_labels, "annotations": annotations}, "spec": spec}


def _container(settings: Settings, shared: Shared) -> Manifest:
    mounts: list[Manifest] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  the pod's own
    if shared.ca_certificates:
        mounts.append({"name": "ca", "mountPath": CA_FOLDER, "readOnly": True})
    container: Manifest = {
        "name": settings["name"],
        "image": settings["image"]["reference"] or shared.image,
        "imagePullPolicy": settings["image"]["pull_policy"],
        "envFrom": [
            {"configMapRef": {"name": config_name(settings["name"])}},
            {"secretRef": {"name": shared.secret_name}},
        ],
        "resources": settings["resources"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "privileged": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": mounts,
    }
    for key in ("command", "args"):
        if settings[key]:
            container[key] = [str(item) for item in settings[key]]
    ports = [
        {"name": name, "containerPort": int(port), "protocol": "TCP"}
        for name, port in settings["ports"].items()
        if port
    ]
    if ports:
        container["ports"] = ports
    if int(settings["pre_stop_sleep_seconds"]):
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": int(settings["pre_stop_sleep_seconds"])}}}
    for name, values in settings["probes"].items():
        if values["enabled"]:
            container[PROBES[name]] = {
                "httpGet": {"path": values["path"], "port": values["port"], "scheme": "HTTP"},
                "initialDelaySeconds": int(values["initial_delay_seconds"]),
                "periodSeconds": int(values["period_seconds"]),
                "timeoutSeconds": int(values["timeout_seconds"]),
                "failureThreshold": int(values["failure_threshold"]),
            }
    return container


def _placement(settings: Settings) -> Manifest:
    matching = {"matchLabels": selector(settings)}
    placement: Manifest = {}
    if settings["spread"]["zones"]:
        placement["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": settings["spread"]["zones"],
                "labelSelector": matching,
            }
        ]
    if settings["spread"]["nodes"]:
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": matching}
        preferred = [{"weight": 100, "podAffinityTerm": term}]
        placement["affinity"] = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    return placement
