# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From resolved settings to Kubernetes manifests. Pure; nothing is left to be defaulted by chance.

The order of release for targets behind a load balancer, and why a pod sleeps before it stops, is explained at
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.flaskops.eks.plugins.module_utils import _ingress_manifest
from ansible_collections.flaskops.eks.plugins.module_utils._application_settings import Settings
from ansible_collections.flaskops.eks.plugins.module_utils._applications import Shared
from ansible_collections.flaskops.eks.plugins.module_utils._manifest_parts import (
    MANAGED_BY,
    Manifest,
    block,
    config_name,
    environment,
    labels,
    make_object,
    selector,
    tcp,
    versioned_labels,
)
from ansible_collections.flaskops.eks.plugins.module_utils._pod_manifest import CA_FILE, pod_template
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN, is_unknown

PSS_LABELS = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
GATE_LABEL = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}
# Every kind that an application may own, with its API version: what is switched off is removed by this list.
OWNED = {
    "ServiceAccount": "v1",
    "ConfigMap": "v1",
    "Role": "rbac.authorization.k8s.io/v1",
    "RoleBinding": "rbac.authorization.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Service": "v1",
    "Ingress": "networking.k8s.io/v1",
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
}


def render(applications: Sequence[Settings], shared: Shared) -> list[Manifest]:
    """Everything that the namespace should hold, in an order in which it can be created."""
    manifests = [*_namespace(shared), *_shared_objects(shared)]
    if shared.migration.enabled:
        manifests += _migration(shared)
    for settings in applications:
        if settings["enabled"]:
            manifests += _application(settings, shared)
    return manifests


def leftovers(applications: Sequence[Settings], shared: Shared) -> list[Manifest]:
    """What earlier settings may have made and these no longer want: names only, for removal."""
    wanted = {(item["kind"], item["metadata"]["name"]) for item in render(applications, shared)}
    gone = []
    for settings in applications:
        for kind, api_version in OWNED.items():
            name = config_name(settings["name"]) if kind == "ConfigMap" else settings["name"]
            if (kind, name) not in wanted:
                metadata = {"name": name, "namespace": shared.namespace}
                gone.append({"apiVersion": api_version, "kind": kind, "metadata": metadata})
    return gone


def _namespace(shared: Shared) -> list[Manifest]:
    all_labels = {**PSS_LABELS, **GATE_LABEL, "app.kubernetes.io/managed-by": MANAGED_BY, **shared.namespace_labels}
    made: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shared.namespace, "labels": all_labels}}
    ]
    for item in shared.priority_classes:
        made.append(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": item["name"], "labels": {"app.kubernetes.io/managed-by": MANAGED_BY}},
                "value": int(item["value"]),
                "globalDefault": boolean(item.get("global_default", False)),
                "preemptionPolicy": item.get("preemption_policy", "PreemptLowerPriority"),
                "description": item.get("description", ""),
            }
        )
    return made


def _shared_objects(shared: Shared) -> list[Manifest]:
    made: list[Manifest] = []
    if shared.ca_certificates:
        made.append(
            make_object("v1", "ConfigMap", shared.ca_config_map, shared, data={CA_FILE: shared.ca_certificates})
        )
    secret = shared.external_secret
    if secret.enabled:
        spec = {
            "refreshInterval": secret.refresh_interval,
            "secretStoreRef": {"kind": secret.store_kind, "name": secret.store},
            "target": {
                "name": shared.secret_name,
                "creationPolicy": secret.creation_policy,
                "deletionPolicy": secret.deletion_policy,
            },
            "data": [
                {
                    "secretKey": item["key"],
                    "remoteRef": {"key": item["secret"], "property": item["property"]}
                    if item.get("property")
                    else {"key": item["secret"]},
                }
                for item in secret.data
            ],
        }
        made.append(make_object("external-secrets.io/v1", "ExternalSecret", shared.secret_name, shared, spec=spec))
        if secret.force_sync:
            made[-1]["metadata"]["annotations"] = {"force-sync": secret.force_sync}
    return made


def _migration(shared: Shared) -> list[Manifest]:
    """The Job is named after everything that it does, so a changed one is a new one and the same is never run twice."""
    job = shared.migration
    settings: Settings = {
        "name": job.name,
        "args": list(job.args),
        "command": [],
        "image": {"reference": "", "pull_policy": "Always"},
        "ports": {"http": 0, "metrics": 0},
        "environment": {},
        "probes": {},
        "pre_stop_sleep_seconds": 0,
        "drain_seconds": 20,
        "resources": job.resources,
        "temporary_storage": "64Mi",
        "service_account": {"annotations": {}, "automount_token": False},
        "priority_class": "",
        "spread": {"zones": "", "nodes": False},
        "pod_annotations": {},
        "pod_labels": {},
        "service": {"enabled": False},
        "ingress": {"enabled": False},
        "network_policy": {"enabled": True, "client_cidrs": [], "egress": []},
    }
    pod = pod_template(settings, shared, with_secret_version=False)
    pod["spec"]["restartPolicy"] = "Never"
    text = json.dumps(pod, sort_keys=True)
    # A plan from an empty account has no image yet, so no name either: a digest of half of it would name nothing.
    digest = UNKNOWN if is_unknown(text) else hashlib.sha256(text.encode()).hexdigest()[:10]
    spec = {
        "backoffLimit": job.backoff_limit,
        "activeDeadlineSeconds": job.active_deadline_seconds,
        "template": pod,
    }
    return [
        _service_account(settings, shared),
        _config_map(settings, shared),
        _network_policy(settings, shared),
        make_object("batch/v1", "Job", f"{job.name}-{digest}", shared, versioned_labels(settings, shared), spec=spec),
    ]


def _application(settings: Settings, shared: Shared) -> list[Manifest]:
    made = [_service_account(settings, shared), _config_map(settings, shared)]
    if settings["rbac"]["enabled"]:
        made += _rbac(settings, shared)
    if settings["network_policy"]["enabled"]:
        made.append(_network_policy(settings, shared))
    if settings["service"]["enabled"]:
        made.append(_service(settings, shared))
    if settings["ingress"]["enabled"]:
        made.append(_ingress(settings, shared))
    made.append(_deployment(settings, shared))
    if settings["autoscaling"]["enabled"]:
        made.append(_autoscaler(settings, shared))
    if settings["disruption_budget"]["enabled"]:
        made.append(_budget(settings, shared))
    return made


def _deployment(settings: Settings, shared: Shared) -> Manifest:
    spec: Manifest = {
        "minReadySeconds": settings["min_ready_seconds"],
        "progressDeadlineSeconds": settings["progress_deadline_seconds"],
        "revisionHistoryLimit": 5,
        # One more before one less: with maxUnavailable 0 no rollout ever serves with fewer pods than before.
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": settings["max_surge"]},
        },
        "selector": {"matchLabels": selector(settings)},
        "template": pod_template(settings, shared, with_secret_version=True),
    }
    if not settings["autoscaling"]["enabled"]:
        # An autoscaler owns this field; stating it as well would undo its decision at every run.
        spec["replicas"] = settings["replicas"]
    return make_object("apps/v1", "Deployment", settings["name"], shared, versioned_labels(settings, shared), spec=spec)


def _service(settings: Settings, shared: Shared) -> Manifest:
    wanted = settings["service"]
    port: Manifest = {"name": "http", "port": wanted["port"], "targetPort": "http", "protocol": "TCP"}
    if wanted["node_port"]:
        port["nodePort"] = wanted["node_port"]
    spec = {"type": wanted["type"], "selector": selector(settings), "ports": [port]}
    made = make_object("v1", "Service", settings["name"], shared, labels(settings, shared), spec=spec)
    if wanted["annotations"]:
        made["metadata"]["annotations"] = dict(wanted["annotations"])
    return made


def _ingress(settings: Settings, shared: Shared) -> Manifest:
    spec = _ingress_manifest.spec(settings, shared)
    all_labels = labels(settings, shared)
    made = make_object("networking.k8s.io/v1", "Ingress", settings["name"], shared, all_labels, spec=spec)
    made["metadata"]["annotations"] = _ingress_manifest.ingress_annotations(settings, shared)
    return made


def _autoscaler(settings: Settings, shared: Shared) -> Manifest:
    wanted = settings["autoscaling"]
    metrics = [
        {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": target}},
        }
        for name, target in (("cpu", wanted["cpu_utilization"]), ("memory", wanted["memory_utilization"]))
        if target
    ]
    behavior = {
        direction: {
            "stabilizationWindowSeconds": rule["stabilization_seconds"],
            "selectPolicy": "Max",
            "policies": [{"type": "Percent", "value": rule["percent"], "periodSeconds": rule["period_seconds"]}],
        }
        for direction, rule in (("scaleUp", wanted["scale_up"]), ("scaleDown", wanted["scale_down"]))
    }
    spec = {
        "minReplicas": wanted["min_replicas"],
        "maxReplicas": wanted["max_replicas"],
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": settings["name"]},
        "metrics": metrics,
        "behavior": behavior,
    }
    all_labels = labels(settings, shared)
    return make_object("autoscaling/v2", "HorizontalPodAutoscaler", settings["name"], shared, all_labels, spec=spec)


def _budget(settings: Settings, shared: Shared) -> Manifest:
    wanted = settings["disruption_budget"]
    # AlwaysAllow: a pod that is not ready serves nobody, and must not keep a node from being drained.
    spec: Manifest = {
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector(settings)},
    }
    for key, name in (("max_unavailable", "maxUnavailable"), ("min_available", "minAvailable")):
        if wanted[key] != "":
            spec[name] = wanted[key]
    return make_object(
        "policy/v1", "PodDisruptionBudget", settings["name"], shared, labels(settings, shared), spec=spec
    )


def _network_policy(settings: Settings, shared: Shared) -> Manifest:
    wanted, ports = settings["network_policy"], settings["ports"]
    allowed_in: list[Manifest] = []
    clients = [*shared.client_cidrs, *wanted["client_cidrs"]]
    if ports["http"] and clients and settings["service"]["enabled"]:
        allowed_in.append({"from": [block(cidr) for cidr in clients], "ports": [tcp(ports["http"])]})
    if ports["metrics"] and shared.metrics_namespaces:
        names = [
            {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
            for name in shared.metrics_namespaces
        ]
        allowed_in.append({"from": names, "ports": [tcp(ports["metrics"])]})
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    allowed_out: list[Manifest] = [{"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}, tcp(53)]}]
    if shared.data_cidrs and shared.data_ports:
        data_ports = [tcp(port) for port in shared.data_ports]
        allowed_out.append({"to": [block(cidr) for cidr in shared.data_cidrs], "ports": data_ports})
    for rule in wanted["egress"]:
        allowed_out.append({"to": [block(rule["cidr"])], "ports": [tcp(port) for port in rule["ports"]]})
    spec = {
        "podSelector": {"matchLabels": selector(settings)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": allowed_in,
        "egress": allowed_out,
    }
    all_labels = labels(settings, shared)
    return make_object("networking.k8s.io/v1", "NetworkPolicy", settings["name"], shared, all_labels, spec=spec)


def _service_account(settings: Settings, shared: Shared) -> Manifest:
    made = make_object("v1", "ServiceAccount", settings["name"], shared, labels(settings, shared))
    made["automountServiceAccountToken"] = settings["service_account"]["automount_token"]
    if settings["service_account"]["annotations"]:
        made["metadata"]["annotations"] = dict(settings["service_account"]["annotations"])
    return made


def _rbac(settings: Settings, shared: Shared) -> list[Manifest]:
    group, name, all_labels = "rbac.authorization.k8s.io", settings["name"], labels(settings, shared)
    subject = {"kind": "ServiceAccount", "name": name, "namespace": shared.namespace}
    reference = {"apiGroup": group, "kind": "Role", "name": name}
    return [
        make_object(f"{group}/v1", "Role", name, shared, all_labels, rules=settings["rbac"]["rules"]),
        make_object(f"{group}/v1", "RoleBinding", name, shared, all_labels, subjects=[subject], roleRef=reference),
    ]


def _config_map(settings: Settings, shared: Shared) -> Manifest:
    data = environment(settings, shared)
    return make_object("v1", "ConfigMap", config_name(settings["name"]), shared, labels(settings, shared), data=data)
