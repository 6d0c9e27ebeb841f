"""The manifests of the applications: every protection by its path, and what settings may not say."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter.applications import application_manifests

ROLE = Path(__file__).resolve().parents[4] / "roles" / "flask_app"
BASELINE = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__flask_app_baseline"]
DIGEST = "sha256:26730869004e2b9c4b9ad09cab8625e81d256d1ce97e72df5520e806b1709f92"
API: dict[str, Any] = {
    "name": "api",
    "args": ["api"],
    "ingress": {"enabled": True, "hosts": ["api.example.com"]},
}
WORKER: dict[str, Any] = {"name": "worker", "args": ["worker"], "service": {"enabled": False}}
SHARED: dict[str, Any] = {
    "namespace": "flask",
    "image": f"registry.example.com/flask@{DIGEST}",
    "version": "1.4.2",
    "environment": {"DATABASE_HOST": "db", "DATABASE_PORT": 5432, "DATABASE_NAME": "flask", "REDIS_TLS": True},
    "secret_version": "abc",
    "ca_certificates": "-----BEGIN CERTIFICATE-----",
    "data_cidrs": ["10.0.0.0/16"],
    "data_ports": [5432, 6379],
    "client_cidrs": ["10.0.0.0/16"],
    "metrics_namespaces": ["monitoring"],
    "priority_classes": [{"name": "app-normal", "value": 100, "global_default": True}],
    "ingress": {
        "group_name": "flask-dev",
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "security_group_ids": ["sg-1"],
        "subnet_ids": ["subnet-1", "subnet-2"],
        "health_check": {"path": "/status", "interval_seconds": 5},
        "tags": {"b": "2", "a": "1"},
    },
    "external_secret": {
        "refresh_interval": "10s",
        "data": [{"key": "DATABASE_USER", "secret": "flask/database", "property": "username"}],
    },
    "migration": {"resources": BASELINE["resources"]},
}
Manifest = dict[str, Any]


def render(
    *applications: dict[str, Any], defaults: dict[str, Any] | None = None, state: str = "present", **shared: Any
) -> list[Manifest]:
    wanted = {**copy.deepcopy(SHARED), **shared}
    return application_manifests(list(applications) or [API, WORKER], defaults or {}, BASELINE, wanted, state)


def find(manifests: list[Manifest], kind: str, name: str = "api") -> Manifest:
    found = [
        item
        for item in manifests
        if item["kind"] == kind
        and (item["metadata"]["name"] == name or item["metadata"]["name"].startswith(f"{name}-"))
    ]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
PROTECTIONS: list[tuple[str, str, Any]] = [
    ("Deployment", f"{POD}/automountServiceAccountToken", False),
    ("Deployment", f"{POD}/enableServiceLinks", False),
    ("Deployment", f"{POD}/serviceAccountName", "api"),
    ("Deployment", f"{POD}/priorityClassName", "app-normal"),
    ("Deployment", f"{POD}/securityContext/runAsNonRoot", True),
    ("Deployment", f"{POD}/securityContext/runAsUser", 10001),
    ("Deployment", f"{POD}/securityContext/runAsGroup", 10001),
    ("Deployment", f"{POD}/securityContext/fsGroup", 10001),
    ("Deployment", f"{POD}/securityContext/seccompProfile/type", "RuntimeDefault"),
    ("Deployment", f"{CONTAINER}/securityContext/allowPrivilegeEscalation", False),
    ("Deployment", f"{CONTAINER}/securityContext/readOnlyRootFilesystem", True),
    ("Deployment", f"{CONTAINER}/securityContext/runAsNonRoot", True),
    ("Deployment", f"{CONTAINER}/securityContext/runAsUser", 10001),
    ("Deployment", f"{CONTAINER}/securityContext/privileged", False),
    ("Deployment", f"{CONTAINER}/securityContext/capabilities/drop", ["ALL"]),
    ("Deployment", f"{CONTAINER}/securityContext/seccompProfile/type", "RuntimeDefault"),
    ("Deployment", f"{CONTAINER}/image", f"registry.example.com/flask@{DIGEST}"),
    ("Deployment", f"{CONTAINER}/imagePullPolicy", "Always"),
    ("Deployment", f"{CONTAINER}/args", ["api"]),
    ("Deployment", f"{CONTAINER}/ports/0", {"name": "http", "containerPort": 3000, "protocol": "TCP"}),
    ("Deployment", f"{CONTAINER}/ports/1/name", "metrics"),
    ("Deployment", f"{CONTAINER}/resources/requests/cpu", "50m"),
    ("Deployment", f"{CONTAINER}/resources/requests/memory", "128Mi"),
    ("Deployment", f"{CONTAINER}/resources/limits/cpu", "100m"),
    ("Deployment", f"{CONTAINER}/resources/limits/memory", "256Mi"),
    ("Deployment", f"{CONTAINER}/resources/limits/ephemeral-storage", "256Mi"),
    ("Deployment", f"{CONTAINER}/lifecycle/preStop/sleep/seconds", 40),
    ("Deployment", f"{CONTAINER}/startupProbe/httpGet/path", "/startup"),
    ("Deployment", f"{CONTAINER}/livenessProbe/httpGet/path", "/status"),
    ("Deployment", f"{CONTAINER}/readinessProbe/httpGet/path", "/status"),
    ("Deployment", f"{CONTAINER}/envFrom/0/configMapRef/name", "api-config"),
    ("Deployment", f"{CONTAINER}/envFrom/1/secretRef/name", "flask-app-secret"),
    ("Deployment", f"{CONTAINER}/volumeMounts/0", {"name": "tmp", "mountPath": "/tmp"}),
    ("Deployment", f"{CONTAINER}/volumeMounts/1/mountPath", "/etc/flask-app/ca"),
    ("Deployment", f"{POD}/volumes/0/emptyDir/sizeLimit", "64Mi"),
    ("Deployment", f"{POD}/terminationGracePeriodSeconds", 80),
    ("Deployment", f"{POD}/topologySpreadConstraints/0/topologyKey", "topology.kubernetes.io/zone"),
    ("Deployment", "spec/strategy/rollingUpdate", {"maxUnavailable": 0, "maxSurge": 1}),
    ("Deployment", "spec/minReadySeconds", 10),
    ("Deployment", "spec/template/metadata/annotations/flaskops.eks~secret-version", "abc"),
    ("Deployment", "spec/template/metadata/annotations/flaskops.eks~load-balanced", "true"),
    ("PodDisruptionBudget", "spec/maxUnavailable", 1),
    ("PodDisruptionBudget", "spec/unhealthyPodEvictionPolicy", "AlwaysAllow"),
    ("HorizontalPodAutoscaler", "spec/minReplicas", 2),
    ("HorizontalPodAutoscaler", "spec/metrics/0/resource/name", "cpu"),
    ("HorizontalPodAutoscaler", "spec/metrics/1/resource/name", "memory"),
    ("HorizontalPodAutoscaler", "spec/behavior/scaleUp/policies/0/value", 50),
    ("HorizontalPodAutoscaler", "spec/behavior/scaleDown/stabilizationWindowSeconds", 300),
    ("NetworkPolicy", "spec/policyTypes", ["Ingress", "Egress"]),
    ("NetworkPolicy", "spec/ingress/0/ports/0/port", 3000),
    ("NetworkPolicy", "spec/ingress/1/ports/0/port", 9090),
    ("NetworkPolicy", "spec/egress/0/ports/0", {"port": 53, "protocol": "UDP"}),
    ("NetworkPolicy", "spec/egress/1/ports", [{"port": 5432, "protocol": "TCP"}, {"port": 6379, "protocol": "TCP"}]),
    ("Service", "spec/type", "ClusterIP"),
    ("Service", "spec/ports/0/targetPort", "http"),
    ("ServiceAccount", "automountServiceAccountToken", False),
    ("Ingress", "spec/ingressClassName", "alb"),
    ("Ingress", "spec/rules/0/host", "api.example.com"),
    ("Ingress", "spec/tls/0/hosts", ["api.example.com"]),
]


@pytest.mark.parametrize(
    ("kind", "path", "value"), PROTECTIONS, ids=[f"{kind}:{path}" for kind, path, _ in PROTECTIONS]
)
def test_protection(kind: str, path: str, value: Any) -> None:
    manifest = find(render(), kind)
    keys = [part.replace("~", "/") for part in path.split("/")]
    found: Any = manifest
    for key in keys:
        found = found[int(key)] if isinstance(found, list) else found[key]
    assert found == value


ALB = {
    "scheme": "internet-facing",
    "target-type": "ip",
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "ssl-redirect": "443",
    "certificate-arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
    "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "healthcheck-path": "/status",
    "healthcheck-interval-seconds": "5",
    "group.name": "flask-dev",
    "target-group-attributes": "deregistration_delay.timeout_seconds=30",
    "load-balancer-attributes": "idle_timeout.timeout_seconds=60",
    "security-groups": "sg-1",
    "manage-backend-security-group-rules": "true",
    "subnets": "subnet-1,subnet-2",
    "tags": "a=1,b=2",
}


@pytest.mark.parametrize("name", ALB)
def test_load_balancer_annotation(name: str) -> None:
    assert find(render(), "Ingress")["metadata"]["annotations"][f"alb.ingress.kubernetes.io/{name}"] == ALB[name]


@pytest.mark.parametrize(
    ("ingress", "absent"),
    [
        ({"certificate_arn": ""}, "alb.ingress.kubernetes.io/ssl-redirect"),
        ({"security_group_ids": []}, "alb.ingress.kubernetes.io/manage-backend-security-group-rules"),
        ({"subnet_ids": []}, "alb.ingress.kubernetes.io/subnets"),
        ({}, "external-dns.alpha.kubernetes.io/hostname"),
    ],
    ids=["no certificate", "no security groups", "no subnets", "no ExternalDNS"],
)
def test_annotation_only_where_it_means_something(ingress: dict[str, Any], absent: str) -> None:
    manifest = find(render(ingress={**SHARED["ingress"], **ingress}), "Ingress")
    assert absent not in manifest["metadata"]["annotations"]


def test_external_dns_and_own_annotations() -> None:
    own = {**API, "ingress": {**API["ingress"], "annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}}
    made = find(render(own, ingress={**SHARED["ingress"], "external_dns": True}), "Ingress")["metadata"]["annotations"]
    assert made["external-dns.alpha.kubernetes.io/hostname"] == "api.example.com"
    assert made["alb.ingress.kubernetes.io/scheme"] == "internal"


def test_namespace_is_restricted_and_gated() -> None:
    labels = find(render(), "Namespace", "flask")["metadata"]["labels"]
    assert {labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


def test_every_pod_is_as_restricted_as_the_first() -> None:
    """The migration's and the worker's pods get the same security as the API's."""
    manifests = render()
    templates = [item["spec"]["template"]["spec"] for item in manifests if item["kind"] in {"Deployment", "Job"}]
    assert len(templates) == 3
    for template in templates:
        assert template["securityContext"] == templates[0]["securityContext"]
        assert template["containers"][0]["securityContext"] == templates[0]["containers"][0]["securityContext"]
        assert template["automountServiceAccountToken"] is False


def test_every_pod_has_a_network_policy_that_selects_it() -> None:
    manifests = render()
    selected = [item["spec"]["podSelector"]["matchLabels"] for item in manifests if item["kind"] == "NetworkPolicy"]
    for item in manifests:
        if item["kind"] in {"Deployment", "Job"}:
            labels = item["spec"]["template"]["metadata"]["labels"].items()
            assert sum(selector.items() <= labels for selector in selected) == 1


def test_external_secret() -> None:
    spec = find(render(), "ExternalSecret", "flask-app-secret")["spec"]
    assert spec["refreshInterval"] == "10s"
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "aws-secret-store"}
    assert spec["target"] == {"name": "flask-app-secret", "creationPolicy": "Owner", "deletionPolicy": "Retain"}
    assert spec["data"] == [
        {"secretKey": "DATABASE_USER", "remoteRef": {"key": "flask/database", "property": "username"}}
    ]


def test_replicas_belong_to_the_autoscaler() -> None:
    manifests = render(API, {**WORKER, "autoscaling": {"enabled": False}, "replicas": 4})
    assert "replicas" not in find(manifests, "Deployment")["spec"]
    assert find(manifests, "Deployment", "worker")["spec"]["replicas"] == 4


def test_a_worker_has_no_way_in() -> None:
    manifests = render()
    kinds = {item["kind"] for item in manifests if item["metadata"]["name"] == "worker"}
    assert not kinds & {"Service", "Ingress"}
    ports = [
        port["port"] for rule in find(manifests, "NetworkPolicy", "worker")["spec"]["ingress"] for port in rule["ports"]
    ]
    assert ports == [9090]
    assert (
        "flaskops.eks/load-balanced"
        not in find(manifests, "Deployment", "worker")["spec"]["template"]["metadata"]["annotations"]
    )


def job_name(**shared: Any) -> str:
    return str(find(render(**shared), "Job", "migrate")["metadata"]["name"])


def test_a_release_changes_only_what_runs_it() -> None:
    before, after = render(), render(image="registry.example.com/flask:2", version="2")
    changed = {new["kind"] for old, new in zip(before, after, strict=True) if old != new}
    assert changed == {"Deployment", "Job", "ConfigMap"}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"secret_version": "another"}, True),
        ({"image": "registry.example.com/flask:2"}, False),
        ({"environment": {**SHARED["environment"], "DATABASE_HOST": "elsewhere"}}, False),
    ],
    ids=["nothing changed", "rotated password", "new image", "another database"],
)
def test_a_migration_runs_once_for_what_it_does(change: dict[str, Any], same: bool) -> None:
    assert (job_name(**change) == job_name()) is same


def test_a_migration_can_be_repeated_and_never_restarts_in_place() -> None:
    job = find(render(), "Job", "migrate")["spec"]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in job
    assert job["template"]["spec"]["containers"][0]["args"] == ["migrate"]


@pytest.mark.parametrize(
    "change",
    [{"environment": {"DATABASE_HOST": "elsewhere"}}, {"ca_certificates": "another"}, {"secret_version": "another"}],
    ids=["environment", "authority", "secret"],
)
def test_changed_configuration_replaces_the_pods(change: dict[str, Any]) -> None:
    before, after = find(render(), "Deployment"), find(render(**change), "Deployment")
    assert before["spec"]["template"]["metadata"] != after["spec"]["template"]["metadata"]


def test_environment_is_text() -> None:
    data = find(render(), "ConfigMap", "api")["data"]
    assert data["REDIS_TLS"] == "true"
    assert data["DATABASE_PORT"] == "5432"
    assert data["PORT"] == "3000"
    assert all(isinstance(value, str) for value in data.values())


def test_layers_are_merged_key_by_key() -> None:
    over = {"resources": {"limits": {"memory": "512Mi"}}, "autoscaling": {"max_replicas": 4}}
    manifests = render({**API, "autoscaling": {"max_replicas": 6}}, WORKER, defaults=over)
    assert find(manifests, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] == 6
    assert find(manifests, "HorizontalPodAutoscaler", "worker")["spec"]["maxReplicas"] == 4
    limits = find(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "100m", "memory": "512Mi", "ephemeral-storage": "256Mi"}


FEATURES: dict[str, tuple[dict[str, Any], str]] = {
    "service": ({"service": {"enabled": False}, "ingress": {"enabled": False}}, "Service"),
    "ingress": ({"ingress": {"enabled": False}}, "Ingress"),
    "autoscaling": ({"autoscaling": {"enabled": False}}, "HorizontalPodAutoscaler"),
    "budget": ({"disruption_budget": {"enabled": False}}, "PodDisruptionBudget"),
    "network policy": ({"network_policy": {"enabled": False}}, "NetworkPolicy"),
}


@pytest.mark.parametrize("feature", FEATURES.values(), ids=FEATURES.keys())
def test_what_is_switched_off_is_not_made_but_removed(feature: tuple[dict[str, Any], str]) -> None:
    change, kind = feature
    own = {**API, **change}
    assert kind not in {item["kind"] for item in render(own) if item["metadata"]["name"] == "api"}
    assert kind in {item["kind"] for item in render(own, state="absent")}


def test_a_disabled_application_is_removed_whole() -> None:
    manifests, gone = (
        render({**API, "enabled": False}, WORKER),
        render({**API, "enabled": False}, WORKER, state="absent"),
    )
    assert not [item for item in manifests if item["metadata"]["name"].startswith("api")]
    assert len([item for item in gone if item["metadata"]["name"].startswith("api")]) == 10
    wanted = {(item["kind"], item["metadata"]["name"]) for item in manifests}
    assert not wanted & {(item["kind"], item["metadata"]["name"]) for item in gone}


def test_rbac_only_when_asked_for() -> None:
    assert not [item for item in render() if item["kind"] in {"Role", "RoleBinding"}]
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    manifests = render({**API, "rbac": {"enabled": True, "rules": rules}})
    assert find(manifests, "Role")["rules"] == rules
    assert find(manifests, "RoleBinding")["subjects"][0]["name"] == "api"


def test_a_plan_from_nothing_renders_placeholders() -> None:
    unknown = "(known after apply)"
    manifests = render(image=f"{unknown}:1", data_ports=[unknown], ingress={"certificate_arn": unknown})
    assert find(manifests, "NetworkPolicy")["spec"]["egress"][1]["ports"] == [{"port": unknown, "protocol": "TCP"}]


def test_manifests_share_nothing() -> None:
    """A change to one manifest must not reach another one (or YAML would print anchors)."""
    manifests = render()
    first = find(manifests, "Deployment")["spec"]["template"]["spec"]
    constraint = first["topologySpreadConstraints"][0]["labelSelector"]
    assert constraint is not first["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"][0]


Change = Callable[[], list[Manifest]]
REFUSED: dict[str, tuple[Change, str]] = {
    "unknown key": (lambda: render({**API, "replica": 3}), "unknown key replica"),
    "unknown key below": (lambda: render({**API, "probes": {"liveness": {"pth": "/"}}}), "probes.liveness.pth"),
    "unknown key in the defaults": (lambda: render(defaults={"prots": {}}), "the applications' defaults"),
    "unknown shared key": (lambda: render(imagge="x"), "imagge"),
    "name": (lambda: render({**API, "name": "My_API"}), "'My_API'"),
    "two of a name": (lambda: render(API, {**WORKER, "name": "api"}), "named twice: api"),
    "no host": (lambda: render({**API, "ingress": {"enabled": True, "hosts": []}}), "ingress.hosts"),
    "two for one host": (lambda: render(API, {**API, "name": "admin"}), "both want api.example.com/"),
    "ingress without service": (lambda: render({**API, "service": {"enabled": False}}), "needs service.enabled"),
    "probe without port": (lambda: render({**WORKER, "ports": {"http": 0}}), "probes.startup.port"),
    "fewest above most": (lambda: render({**API, "autoscaling": {"min_replicas": 11}}), "min_replicas"),
    "no metric": (
        lambda: render({**API, "autoscaling": {"cpu_utilization": 0, "memory_utilization": 0}}),
        "needs cpu_utilization",
    ),
    "both budgets": (lambda: render({**API, "disruption_budget": {"min_available": 1}}), "not both"),
    "no rules": (lambda: render({**API, "rbac": {"enabled": True}}), "rbac.rules"),
    "a list for a dictionary": (lambda: render({**API, "resources": []}), "resources must be a dictionary"),
    "a word for a port": (lambda: render(data_ports=["postgres"]), "must be a number"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_the_reason(case: tuple[Change, str]) -> None:
    change, reason = case
    with pytest.raises(AnsibleFilterError) as error:
        change()
    assert reason in str(error.value)
