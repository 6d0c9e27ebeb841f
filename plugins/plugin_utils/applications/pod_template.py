# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pods of a Deployment or a Job: what they may do, where they run, how they start and stop.

They meet the `restricted` Pod Security Standard and more
(https://kubernetes.io/docs/concepts/security/pod-security-standards/). The readiness gate of the load balancer and the
sleep before a pod stops: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
"""

from __future__ import annotations

from .config_map import ca_config_map_name, config_map_name
from .context import Application, Manifest, Settings
from .data_stores import CA_FOLDER
from .metadata import selector, versioned_labels

USER_ID = 10001
RESERVE_SECONDS = 10
PROBES = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}
SECRET_VERSION = "flaskops.eks/secret-version"  # noqa: S105 - the name of an annotation


def pod_template(app: Application, slot: str = "") -> Manifest:
    """Metadata and spec of the pods. The pods of a Job have no slot."""
    settings, shared = app.settings, app.shared
    annotations = dict(settings["pod_annotations"])
    version = shared.secret_versions.get(app.secret_name)
    if slot and version:
        # A changed Secret replaces the pods, because a process reads its environment only once. A Job is not run again.
        annotations[SECRET_VERSION] = version
    if settings["ingress"]["enabled"]:
        # The readiness gate is injected when a pod is made: pods from before the Ingress lack it and must be replaced.
        annotations["flaskops.eks/load-balanced"] = "true"
    volumes: list[Manifest] = [{"name": "tmp", "emptyDir": {"sizeLimit": settings["temporary_storage"]}}]
    if shared.ca_certificates:
        volumes.append({"name": "ca", "configMap": {"name": ca_config_map_name(shared), "defaultMode": 0o444}})
    spec: Manifest = {
        "serviceAccountName": app.name,
        "automountServiceAccountToken": settings["service_account"]["automount_token"],
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": (
            settings["pre_stop_sleep_seconds"] + settings["drain_seconds"] + RESERVE_SECONDS
        ),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER_ID,
            "runAsGroup": USER_ID,
            "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **_placement(app),
        "containers": [_container(app, slot)],
        "volumes": volumes,
    }
    if settings["priority_class"]:
        spec["priorityClassName"] = settings["priority_class"]
    all_labels = {**versioned_labels(app, slot), **settings["pod_labels"]}
    metadata = {"labels": all_labels, "annotations": annotations} if annotations else {"labels": all_labels}
    return {"metadata": metadata, "spec": spec}


def _container(app: Application, slot: str) -> Manifest:
    settings = app.settings
    mounts: list[Manifest] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - the pod's own
    if app.shared.ca_certificates:
        mounts.append({"name": "ca", "mountPath": CA_FOLDER, "readOnly": True})
    sources: list[Manifest] = [{"configMapRef": {"name": config_map_name(app)}}]
    if app.secret_name:
        sources.append({"secretRef": {"name": app.secret_name}})
    container: Manifest = {
        "name": app.name,
        "image": app.image.reference,
        "imagePullPolicy": settings["image"]["pull_policy"],
        "envFrom": sources,
        "resources": {key: dict(values) for key, values in settings["resources"].items()},
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
    if slot:
        container["env"] = [{"name": "APP_SLOT", "value": slot}]
    for key in ("command", "args"):
        if settings[key]:
            container[key] = list(settings[key])
    ports = [
        {"name": name, "containerPort": port, "protocol": "TCP"} for name, port in settings["ports"].items() if port
    ]
    if ports:
        container["ports"] = ports
    if settings["pre_stop_sleep_seconds"]:
        container["lifecycle"] = {"preStop": {"sleep": {"seconds": settings["pre_stop_sleep_seconds"]}}}
    return {**container, **_probes(settings)}


def _probes(settings: Settings) -> Manifest:
    return {
        PROBES[name]: {
            "httpGet": {"path": values["path"], "port": values["port"], "scheme": "HTTP"},
            "initialDelaySeconds": values["initial_delay_seconds"],
            "periodSeconds": values["period_seconds"],
            "timeoutSeconds": values["timeout_seconds"],
            "failureThreshold": values["failure_threshold"],
        }
        for name, values in settings["probes"].items()
        if values["enabled"]
    }


def _placement(app: Application) -> Manifest:
    spread = app.settings["spread"]
    placement: Manifest = {}
    if spread["zones"]:
        placement["topologySpreadConstraints"] = [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": spread["zones"],
                "labelSelector": {"matchLabels": selector(app)},
                # Each revision is spread for itself: pods that are about to stop do not count.
                "matchLabelKeys": ["pod-template-hash"],
            }
        ]
    if spread["nodes"]:
        term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": selector(app)}}
        preferred = [{"weight": 100, "podAffinityTerm": term}]
        placement["affinity"] = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    return placement
