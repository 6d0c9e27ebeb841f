"""The manifests of the applications: every protection by its path, and what settings may not say."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.filter.applications import (
    application_manifests,
    application_problems,
    application_settings,
)

ROLE = Path(__file__).resolve().parents[4] / "roles" / "flask_app"
BASELINE = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__flask_app_baseline"]
DIGEST = "sha256:26730869004e2b9c4b9ad09cab8625e81d256d1ce97e72df5520e806b1709f92"
API: dict[str, Any] = {
    "name": "api",
    "args": ["api"],
    "ingress": {"enabled": True, "hosts": ["api.example.com"]},
}
WORKER: dict[str, Any] = {"name": "worker", "args": ["worker"], "service": {"enabled": False}}
# What the inventory says of all applications: flask_app_<name>.
GIVEN: dict[str, Any] = {
    "defaults": {},
    "ingress": {"group_name": "flask-dev", "tags": {"b": "2", "a": "1"}},
    "external_secret": {"refresh_interval": "10s"},
    "migration": {},
}
# What only the run knows of them: __flask_app_shared.
KNOWN: dict[str, Any] = {
    "namespace": "flask",
    "part_of": "flask",
    "image": f"registry.example.com/flask@{DIGEST}",
    "version": "1.4.2",
    "environment": {"DATABASE_HOST": "db", "DATABASE_PORT": 5432, "DATABASE_NAME": "flask", "REDIS_TLS": True},
    "secret_name": "flask-app-secret",
    "secret_version": "abc",
    "ca_certificates": "-----BEGIN CERTIFICATE-----",
    "data_cidrs": ["10.0.0.0/16"],
    "data_ports": [5432, 6379],
    "client_cidrs": ["10.0.0.0/16"],
    "metrics_namespaces": ["monitoring"],
    "namespace_labels": {},
    "priority_classes": [{"name": "app-normal", "value": 100, "global_default": True}],
    "ingress": {
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "security_group_ids": ["sg-1"],
        "subnet_ids": ["subnet-1", "subnet-2"],
    },
    "external_secret": {
        "store": "aws-secret-store",
        "force_sync": "",
        "data": [{"key": "DATABASE_USER", "secret": "flask/database", "property": "username"}],
    },
}
Manifest = dict[str, Any]


def given(*applications: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return copy.deepcopy({**GIVEN, "applications": list(applications) or [API, WORKER], **changes})


def render(
    *applications: dict[str, Any],
    state: str = "present",
    settings: dict[str, Any] | None = None,
    ingress: dict[str, Any] | None = None,
    **known: Any,
) -> list[Manifest]:
    """`settings` replace those of the inventory, `ingress` what the run knows of it, the rest what it knows else."""
    made = application_settings(given(*applications, **(settings or {})), BASELINE)
    return application_manifests(made, {**KNOWN, "ingress": {**KNOWN["ingress"], **(ingress or {})}, **known}, state)


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
    manifest = find(render(ingress=ingress), "Ingress")
    assert absent not in manifest["metadata"]["annotations"]


def test_external_dns_and_own_annotations() -> None:
    own = {**API, "ingress": {**API["ingress"], "annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}}
    made = find(render(own, settings={"ingress": {"external_dns": True}}), "Ingress")["metadata"]["annotations"]
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


def test_pods_are_called_from_every_client_block_and_call_every_data_block() -> None:
    public, database = ["10.0.1.0/24", "10.0.2.0/24"], ["10.0.30.0/24", "10.0.31.0/24"]
    policy = find(render(client_cidrs=public, data_cidrs=database), "NetworkPolicy")["spec"]
    assert policy["ingress"][0] == {
        "from": [{"ipBlock": {"cidr": cidr}} for cidr in public],
        "ports": [{"port": 3000, "protocol": "TCP"}],
    }
    assert policy["egress"][1:] == [
        {
            "to": [{"ipBlock": {"cidr": cidr}} for cidr in database],
            "ports": [{"port": 5432, "protocol": "TCP"}, {"port": 6379, "protocol": "TCP"}],
        }
    ]


@pytest.mark.parametrize(("said", "default"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_a_priority_class_is_the_default_by_what_is_said_not_by_its_type(said: Any, default: bool) -> None:
    classes = [{"name": "app-normal", "value": "100", "global_default": said}]
    made = find(render(priority_classes=classes), "PriorityClass", "app-normal")
    assert (made["value"], made["globalDefault"]) == (100, default)


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
        ({"environment": {**KNOWN["environment"], "DATABASE_HOST": "elsewhere"}}, False),
    ],
    ids=["nothing changed", "rotated password", "new image", "another database"],
)
def test_a_migration_runs_once_for_what_it_does(change: dict[str, Any], same: bool) -> None:
    assert (job_name(**change) == job_name()) is same


def test_a_migration_of_an_image_that_is_not_there_yet_has_no_name_yet() -> None:
    image = "(known after apply)/flask:1"
    manifests = render(image=image)
    names = [item["metadata"]["name"] for item in manifests if item["kind"] == "Job"]
    assert names == ["migrate-(known after apply)"]


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
    manifests = render({**API, "autoscaling": {"max_replicas": 6}}, WORKER, settings={"defaults": over})
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


def test_values_take_the_type_of_their_default() -> None:
    """As text they come from -e name=value, and Kubernetes refuses a number that is written as one."""
    own = {
        **API,
        "replicas": "4",
        "autoscaling": {"enabled": "false"},
        "max_surge": "2",
        "args": [1],
        "drain_seconds": None,
    }
    spec = find(render(own), "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]["rollingUpdate"]["maxSurge"]) == (4, 2)
    assert spec["template"]["spec"]["containers"][0]["args"] == ["1"]
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 80
    assert (
        find(render({**API, "max_surge": "25%"}), "Deployment")["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        == "25%"
    )


# Settings that are refused: what the inventory says, and what must stand in the refusal.
REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown key": (given({**API, "replica": 3}), ["flask_app_applications: api: unknown key replica", "replicas"]),
    "unknown key below": (given({**API, "probes": {"liveness": {"pth": "/"}}}), ["probes.liveness.pth", "path"]),
    "unknown key in the defaults": (given(defaults={"prots": {}}), ["flask_app_defaults: unknown key prots"]),
    "unknown key of the Ingress": (given(ingress={"shceme": "internal"}), ["flask_app_ingress: unknown key shceme"]),
    "unknown health check": (
        given(ingress={"health_check": {"pth": "/"}}),
        ["flask_app_ingress: ", "health_check.pth"],
    ),
    "unknown key of the Secret": (
        given(external_secret={"stor": "x"}),
        ["flask_app_external_secret: unknown key stor"],
    ),
    "unknown key of the Job": (given(migration={"arg": []}), ["flask_app_migration: unknown key arg"]),
    "no dictionary": (given({**API, "resources": []}), ["api: resources must be a dictionary, not []"]),
    "no list": (given({**API, "args": "api"}), ["api: args must be a list, not 'api'"]),
    "no text": (given({**API, "args": [["api"]]}), ["api: args must be text"]),
    "a truth value for text": (given({**API, "temporary_storage": True}), ["temporary_storage must be text, not True"]),
    "no number": (given({**API, "replicas": "many"}), ["api: replicas must be a whole number, not 'many'"]),
    "below zero": (given({**API, "ports": {"http": -1}}), ["ports.http must be a whole number"]),
    "a truth value for a number": (given({**API, "replicas": True}), ["replicas must be a whole number"]),
    "no truth value": (given({**API, "enabled": "perhaps"}), ["api: enabled must be true or false, not 'perhaps'"]),
    "no amount": (given({**API, "max_surge": "some"}), ["max_surge must be a number or a percentage"]),
    "no choice": (given({**API, "image": {"pull_policy": "Often"}}), ["image.pull_policy must be one of Always,"]),
    "no port by name": (
        given(defaults={"probes": {"startup": {"port": "web"}}}),
        ["flask_app_defaults: probes.startup.port must be one of http, metrics"],
    ),
    "no scheme": (given(ingress={"scheme": "public"}), ["flask_app_ingress: scheme must be one of internet-facing"]),
    "no kind of store": (given(external_secret={"store_kind": "Store"}), ["flask_app_external_secret: store_kind"]),
    "no time": (
        given(migration={"backoff_limit": "2s"}),
        ["flask_app_migration: backoff_limit must be a whole number"],
    ),
    "an egress without ports": (
        given({**API, "network_policy": {"egress": [{"cidr": "10.0.0.0/8"}]}}),
        ["api: each entry of network_policy.egress needs cidr and ports"],
    ),
    "an egress port that is none": (
        given({**API, "network_policy": {"egress": [{"cidr": "10.0.0.0/8", "ports": ["https"]}]}}),
        ["network_policy.egress.ports must be a whole number"],
    ),
    "rules that are none": (given({**API, "rbac": {"rules": ["all"]}}), ["rbac.rules must be a dictionary"]),
    "name": (given({**API, "name": "My_API"}), ["flask_app_applications: 'My_API'"]),
    "two of a name": (given(API, {**WORKER, "name": "api"}), ["flask_app_applications: named twice: api"]),
    "no host": (given({**API, "ingress": {"enabled": True, "hosts": []}}), ["api: ", "ingress.hosts"]),
    "two for one host": (given(API, {**API, "name": "admin"}), ["api and admin both want api.example.com/"]),
    "ingress without service": (given({**API, "service": {"enabled": False}}), ["needs service.enabled"]),
    "service without port": (given({**API, "ports": {"http": 0}}), ["service.enabled needs ports.http"]),
    "probe without port": (given({**WORKER, "ports": {"http": 0}}), ["worker: probes.startup.port"]),
    "fewest above most": (given({**API, "autoscaling": {"min_replicas": 11}}), ["min_replicas"]),
    "no metric": (
        given({**API, "autoscaling": {"cpu_utilization": 0, "memory_utilization": 0}}),
        ["needs cpu_utilization"],
    ),
    "both budgets": (given({**API, "disruption_budget": {"min_available": 1}}), ["not both"]),
    "no rules": (given({**API, "rbac": {"enabled": True}}), ["rbac.rules"]),
}


@pytest.mark.parametrize(("values", "words"), REFUSED.values(), ids=list(REFUSED))
def test_refused_with_variable_key_and_reason(values: dict[str, Any], words: list[str]) -> None:
    (problem,) = application_problems(values, BASELINE)[:1]
    assert not [word for word in words if word not in problem], problem
    with pytest.raises(AnsibleFilterError, match=re.escape(words[0])):
        application_settings(values, BASELINE)


def test_every_problem_is_told_at_once() -> None:
    wrong = given({**API, "replica": 3, "drain_seconds": "x"}, defaults={"prots": {}}, ingress={"scheme": 1})
    problems = application_problems(wrong, BASELINE)
    assert [problem.partition(":")[0] for problem in problems] == [
        "flask_app_defaults",
        "flask_app_applications",
        "flask_app_applications",
        "flask_app_ingress",
    ]
    assert application_problems(given(), BASELINE) == []


def test_a_word_for_a_data_port_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="must be a number"):
        render(data_ports=["postgres"])


TYPES = {bool: "bool", int: "int", str: "str", list: "list", dict: "dict"}
AMOUNTS = {"max_surge", "disruption_budget.max_unavailable", "disruption_budget.min_available"}


def flat(values: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its default by its whole name; requests and limits are one value each."""
    for key, value in values.items():
        name = f"{path}{key}"
        if isinstance(value, dict) and value and key not in {"requests", "limits"}:
            yield from flat(value, f"{name}.")
        else:
            yield name, value


def documented(kind: str) -> dict[str, tuple[str, str]]:
    """Type and default by key, from the README's table; `probes.*` stands for the three, its defaults for each."""
    found = {}
    text = (ROLE / "README.md").read_text()
    prefix = "" if kind == "application" else f"flask_app_{kind}[.]"
    for key, type_, default in re.findall(rf"^\| `{prefix}([a-z_.*]+)` \| ([^|]+) \| ([^|]+) \|[^|]+\|$", text, re.M):
        if key.startswith("flask_app_"):
            continue
        values = [value.strip().strip("`") for value in default.split(" / ")]
        for place, probe in enumerate(["startup", "liveness", "readiness"] if "*" in key else [""]):
            found[key.replace("*", probe)] = (type_.strip(), values[place % len(values)])
    return found


@pytest.mark.parametrize("kind", ["application", "ingress", "migration", "external_secret"])
def test_the_readme_lists_every_key_with_type_and_default(kind: str) -> None:
    wanted = {key: ("int or %" if key in AMOUNTS else TYPES[type(value)], value) for key, value in flat(BASELINE[kind])}
    told = {
        key: (type_, "" if default == "empty" else yaml.safe_load(default) if type_ != "str" else default)
        for key, (type_, default) in documented(kind).items()
    }
    assert told == wanted


@pytest.mark.parametrize("kind", ["applications", "ingress", "migration", "external_secret"])
def test_ansible_doc_names_every_key(kind: str) -> None:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    text = specs["validate"]["options"][f"flask_app_{kind}"]["description"][1]
    named = re.sub(r".*README.md: |\.$", "", text).split(", ")
    assert sorted(named) == sorted(BASELINE[kind.replace("applications", "application")])
