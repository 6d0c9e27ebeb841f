"""Diagnosis with tables of cluster states, and waiting with a scripted cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.rollout_diagnosis import (
    Observed,
    Verdict,
    current_pods,
    diagnose,
    report,
)
from ansible_collections.flaskops.eks.plugins.modules import rollout

START = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PATIENCE = 15.0


def deployment(**overrides: Any) -> dict[str, Any]:
    status = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "conditions": []}
    return {
        "metadata": {
            "name": "api",
            "uid": "d",
            "generation": 2,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}},
        "status": {**status, **overrides},
    }


def replica_set(
    revision: str, uid: str, owner: str = "d", conditions: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"api-{uid}",
            "uid": uid,
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": owner}],
        },
        "status": {"conditions": conditions or []},
    }


def pod(
    owner: str = "new",
    name: str = "api-new-1",
    container: dict[str, Any] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    containers = [{"name": "api", "resources": {"limits": {"memory": "256Mi"}}}]
    statuses = (
        [{"name": "api", "ready": False, "restartCount": 0, "image": "registry/api:2", **container}]
        if container
        else []
    )
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "ownerReferences": [{"uid": owner}],
            "creationTimestamp": "2026-11-21T12:00:00Z",
        },
        "spec": {"containers": containers, **spec},
        "status": {"phase": "Pending", "conditions": conditions or [], "containerStatuses": statuses},
    }


def event(about: str, reason: str, message: str, kind: str = "Pod", level: str = "Warning") -> dict[str, Any]:
    return {
        "type": level,
        "reason": reason,
        "message": message,
        "count": 3,
        "lastTimestamp": "2026-11-21T12:00:05Z",
        "involvedObject": {"kind": kind, "name": about, "uid": f"uid-{about}"},
    }


def rolling(pods: list[dict[str, Any]], events: list[dict[str, Any]] | None = None, **status: Any) -> Observed:
    """A Deployment half-way from revision 1 to 2."""
    half = {"updatedReplicas": 1, "replicas": 3, **status}
    return Observed(
        "Deployment", "api", deployment(**half), [replica_set("1", "old"), replica_set("2", "new")], pods, events or []
    )


def waiting(reason: str, message: str = "", **extra: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **extra}


def judge(observed: Observed, seconds: float) -> Verdict:
    return diagnose(observed, START + timedelta(seconds=seconds), START, PATIENCE)


CRASH = waiting(
    "CrashLoopBackOff", "back-off", restartCount=3, lastState={"terminated": {"reason": "Error", "exitCode": 1}}
)
NO_ROOM = "0/2 nodes are available: Insufficient cpu"
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": NO_ROOM}]
QUOTA = [{"type": "ReplicaFailure", "status": "True", "message": "forbidden: exceeded quota: pods=2"}]
WEBHOOK = [{"type": "ReplicaFailure", "status": "True", "message": "failed calling webhook x: no endpoints"}]
LATE = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "late"}]
NO_SECRET = waiting("CreateContainerConfigError", 'secret "x" not found')
RUNNING = {"state": {"running": {"startedAt": "2026-11-21T12:00:01Z"}}}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({}, "ready"),
        ({"observedGeneration": 1}, "waiting"),
        ({"updatedReplicas": 1, "replicas": 2}, "waiting"),
        ({"availableReplicas": 1}, "waiting"),
        ({"replicas": 3}, "waiting"),
    ],
    ids=["done", "change not seen yet", "old replicas left", "one not available", "an old pod still there"],
)
def test_progress_of_a_deployment(status: dict[str, Any], state: str) -> None:
    assert judge(Observed("Deployment", "api", deployment(**status)), 1).state == state


AT_ONCE = {
    "image does not exist": (rolling([pod(container=waiting("ErrImagePull", "manifest for x not found"))]), "Image"),
    "image refused": (
        rolling(
            [pod(container=waiting("ImagePullBackOff", "Back-off pulling image"))],
            [event("api-new-1", "Failed", "Failed to pull image: 401 unauthorized")],
        ),
        "Image",
    ),
    "image name": (rolling([pod(container=waiting("InvalidImageName", "couldn't parse"))]), "Image"),
    "crash": (rolling([pod(container=CRASH)]), "CrashLoopBackOff"),
    "out of memory": (
        rolling(
            [pod(container={"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}, "restartCount": 1})]
        ),
        "OOMKilled",
    ),
    "quota": (rolling([], conditions=QUOTA), "Admission"),
    "quota on the replica set": (
        Observed("Deployment", "api", deployment(updatedReplicas=0), [replica_set("2", "new", conditions=QUOTA)]),
        "Admission",
    ),
    "deadline": (
        rolling([], conditions=LATE),
        "ProgressDeadlineExceeded",
    ),
}


@pytest.mark.parametrize("case", AT_ONCE.values(), ids=AT_ONCE.keys())
def test_permanent_failure_is_reported_immediately(case: tuple[Observed, str]) -> None:
    observed, reason = case
    verdict = judge(observed, 0.5)
    assert (verdict.state, verdict.reason) == ("failed", reason)
    assert verdict.message
    assert verdict.next_step


AFTER_PATIENCE = {
    "no Secret": (rolling([pod(container=NO_SECRET)]), "CreateContainerConfigError"),
    "registry does not answer": (rolling([pod(container=waiting("ErrImagePull", "dial tcp: i/o timeout"))]), "Image"),
    "no room": (rolling([pod(conditions=UNSCHEDULABLE)]), "Unschedulable"),
    "volume": (
        rolling(
            [pod(container=waiting("ContainerCreating"))],
            [event("api-new-1", "FailedMount", 'configmap "flask-ca" not found')],
        ),
        "FailedMount",
    ),
    "command not in the image": (
        rolling([pod(container=waiting("RunContainerError", "exec: not in $PATH"))]),
        "ContainerStart",
    ),
    "webhook without endpoints": (rolling([], conditions=WEBHOOK), "Admission"),
    "does not exist": (Observed("Deployment", "api", None), "NotFound"),
}


@pytest.mark.parametrize("case", AFTER_PATIENCE.values(), ids=AFTER_PATIENCE.keys())
def test_transient_failure_is_watched_first(case: tuple[Observed, str]) -> None:
    observed, reason = case
    early, late = judge(observed, 2), judge(observed, 16)
    assert (early.state, early.reason) == ("waiting", reason)
    assert (late.state, late.reason) == ("failed", reason)


NEVER_BY_ITSELF = {
    "only slow": rolling([pod(container=RUNNING)]),
    "not ready": rolling(
        [pod(container=RUNNING)], [event("api-new-1", "Unhealthy", "Readiness probe failed: HTTP 503")]
    ),
    "a node is coming": rolling(
        [pod(conditions=UNSCHEDULABLE)], [event("api-new-1", "TriggeredScaleUp", "scale-up", level="Normal")]
    ),
    "the version before crashes": rolling([pod(owner="old", container=CRASH), pod(container=RUNNING)]),
    "a foreign replica set with the same revision": rolling([pod(owner="foreign", container=CRASH)]),
}


@pytest.mark.parametrize("observed", NEVER_BY_ITSELF.values(), ids=NEVER_BY_ITSELF.keys())
def test_slow_rollout_is_not_failed(observed: Observed) -> None:
    foreign = replica_set("2", "foreign", owner="another-deployment", conditions=QUOTA)
    observed = Observed(
        observed.kind,
        observed.name,
        observed.workload,
        [*observed.replica_sets, foreign],
        observed.pods,
        observed.events,
    )
    assert judge(observed, 500).state == "waiting"


def test_deadline_names_what_is_wrong_with_the_pods() -> None:
    gate = "target-health.elbv2.k8s.aws/k8s-flask-api"
    ready = [
        {"type": "ContainersReady", "status": "True"},
        {"type": gate, "status": "False", "reason": "Target.Timeout"},
    ]
    gated = pod(container=RUNNING, conditions=ready, readinessGates=[{"conditionType": gate}])
    verdict = judge(rolling([gated], conditions=LATE), 1)
    assert (verdict.state, verdict.reason) == ("failed", "ReadinessGate")
    assert "Target.Timeout" in verdict.message


def test_existing_failure_is_also_watched() -> None:
    """A repeated play may have made the missing Secret a moment ago."""
    old = pod(container=NO_SECRET)
    old["metadata"]["creationTimestamp"] = "2026-11-21T10:00:00Z"
    assert judge(rolling([old]), 2).state == "waiting"


def test_terminating_pod_is_ignored() -> None:
    leaving = pod(container=CRASH)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-21T12:00:03Z"
    observed = rolling([leaving])
    assert current_pods(observed) == []
    assert judge(observed, 1).state == "waiting"


def job(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "migrate", "uid": "j"},
        "spec": {"selector": {"matchLabels": {"batch.kubernetes.io/job-name": "migrate"}}},
        "status": {"conditions": list(conditions), **status},
    }


JOB_FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many attempts"}
ATTEMPT = pod(owner="j", name="migrate-1", container={"state": {"terminated": {"exitCode": 3, "reason": "Error"}}})


@pytest.mark.parametrize(
    ("workload", "pods", "state", "reason"),
    [
        (job({"type": "Complete", "status": "True"}), [], "ready", ""),
        (job(active=1), [], "waiting", "Progressing"),
        (job(active=1, failed=1), [ATTEMPT], "waiting", "Progressing"),
        (job(JOB_FAILED), [ATTEMPT], "failed", "Job"),
        (job(active=1), [pod(owner="j", container=waiting("ErrImagePull", "not found"))], "failed", "Image"),
    ],
    ids=["complete", "running", "one attempt failed", "gave up", "never starts"],
)
def test_jobs(workload: dict[str, Any], pods: list[dict[str, Any]], state: str, reason: str) -> None:
    verdict = judge(Observed("Job", "migrate", workload, (), pods), 1)
    assert (verdict.state, verdict.reason) == (state, reason)
    if reason == "Job":
        assert "exit code 3" in verdict.message
        assert verdict.pod == "migrate-1"


def test_job_with_a_rejected_pod() -> None:
    refused = event("migrate", "FailedCreate", "forbidden: exceeded quota: pods=0", kind="Job")
    refused["involvedObject"]["uid"] = "j"
    verdict = judge(Observed("Job", "migrate", job(), (), (), [refused]), 1)
    assert (verdict.state, verdict.reason) == ("failed", "Admission")
    started = judge(Observed("Job", "migrate", job(active=1), (), [pod(owner="j")], [refused]), 1)
    assert started.state == "waiting"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"currentRevision": "b", "updateRevision": "b", "currentReplicas": 2, "updatedReplicas": 0}, "ready"),
        ({"currentRevision": "a", "updateRevision": "b", "currentReplicas": 1, "updatedReplicas": 1}, "waiting"),
    ],
    ids=["done", "half"],
)
def test_stateful_sets(status: dict[str, Any], state: str) -> None:
    workload = deployment(**status)
    assert judge(Observed("StatefulSet", "api", workload), 1).state == state


def test_report_holds_cause_next_step_events_and_log() -> None:
    observed = rolling([pod(container=CRASH)], [event("api-new-1", "BackOff", "Back-off restarting failed container")])
    text = report(observed, judge(observed, 1), "flask", ["Traceback", "KeyError: DATABASE_HOST"])
    assert "Deployment flask/api: CrashLoopBackOff" in text
    assert "exit code 1" in text
    assert "next: read the log lines" in text
    assert "BackOff Pod/api-new-1 (x3)" in text
    assert "log (previous run):" in text
    assert "KeyError: DATABASE_HOST" in text


class ScriptedCluster:
    """Answers each look with the next state, the last one for ever."""

    def __init__(self, *states: Observed) -> None:
        self.states = list(states)
        self.looks = 0
        self.logs: list[tuple[str, str, bool, int]] = []

    def observe(self, kind: str, name: str, detail: bool) -> Observed:
        if not detail:
            self.looks += 1
        return self.states[min(self.looks, len(self.states)) - 1]

    def log(self, pod: str, container: str, previous: bool, lines: int) -> list[str]:
        self.logs.append((pod, container, previous, lines))
        return ["the last line"]


def module(check_mode: bool = False, **params: Any) -> SimpleNamespace:
    defaults = {
        "namespace": "flask",
        "timeout": 5,
        "patience": 1,
        "poll": 0.0,
        "log_lines": 7,
        "report_failures": False,
    }
    return SimpleNamespace(
        check_mode=check_mode, params={**defaults, "workloads": [{"kind": "Deployment", "name": "api"}], **params}
    )


def test_waits_until_ready() -> None:
    cluster = ScriptedCluster(rolling([]), rolling([]), Observed("Deployment", "api", deployment()))
    result = rollout.run(module(), cluster)
    assert "msg" not in result
    assert result["changed"] is False
    assert [item["state"] for item in result["workloads"]] == ["ready"]
    assert cluster.looks == 3


def test_failure_has_the_log_of_the_previous_run() -> None:
    cluster = ScriptedCluster(rolling([]), rolling([pod(container=CRASH)]))
    result = rollout.run(module(), cluster)
    assert "CrashLoopBackOff" in result["msg"]
    assert "the last line" in result["msg"]
    assert cluster.logs == [("api-new-1", "api", True, 7)]


def test_timeout_reports_the_pending_workloads() -> None:
    result = rollout.run(module(timeout=0), ScriptedCluster(rolling([])))
    assert result["msg"].startswith("not ready after 0 s")
    assert "1 of 2 replicas are of the new version" in result["msg"]


def test_check_mode_reads_once_and_does_not_fail() -> None:
    cluster = ScriptedCluster(rolling([pod(container=CRASH)]))
    result = rollout.run(module(check_mode=True), cluster)
    assert "msg" not in result
    assert result["workloads"][0]["state"] == "failed"
    assert cluster.looks == 1


class Namespace:
    """Several workloads, each with states of its own: every look but the last gives the next one."""

    def __init__(self, **states: list[Observed]) -> None:
        self.states = states

    def observe(self, kind: str, name: str, detail: bool) -> Observed:
        left = self.states[name]
        return left[0] if detail or len(left) == 1 else left.pop(0)

    def log(self, pod: str, container: str, previous: bool, lines: int) -> list[str]:
        return [f"the last line of {pod}"]


TWO = [{"kind": "Deployment", "name": "bad"}, {"kind": "Deployment", "name": "good"}]
BAD = [rolling([pod(container=CRASH)])]


def test_a_failed_workload_does_not_end_the_wait_for_the_others() -> None:
    cluster = Namespace(bad=BAD, good=[rolling([]), rolling([]), Observed("Deployment", "good", deployment())])
    result = rollout.run(module(workloads=TWO, report_failures=True), cluster)
    assert "msg" not in result
    assert [item["state"] for item in result["workloads"]] == ["failed", "ready"]
    (failure,) = result["failures"]
    assert (failure["kind"], failure["name"]) == ("Deployment", "bad")
    assert "CrashLoopBackOff" in failure["message"] and "the last line of api-new-1" in failure["message"]


def test_of_several_failures_each_has_its_own_cause() -> None:
    cluster = Namespace(bad=BAD, good=[rolling([])])
    result = rollout.run(module(workloads=TWO, report_failures=True, timeout=0), cluster)
    texts = {failure["name"]: failure["message"] for failure in result["failures"]}
    assert "CrashLoopBackOff" in texts["bad"]
    assert texts["good"].startswith("not ready after 0 s")


def test_without_reporting_the_first_failure_ends_the_wait() -> None:
    result = rollout.run(module(workloads=TWO, timeout=3600), Namespace(bad=BAD, good=[rolling([])]))
    assert "CrashLoopBackOff" in result["msg"] and "not ready" not in result["msg"]
