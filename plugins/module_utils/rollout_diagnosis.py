# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout's objects say: done, on its way, or failed and why. Pure: nothing here talks to a cluster.

Kubernetes itself calls a rollout failed only when `progressDeadlineSeconds` has passed, minutes after the cause
could be read from the pods. The reasons used here are those that the kubelet, the scheduler and the controllers write
into statuses and conditions (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and
https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

KubernetesObject = Mapping[str, Any]

IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
START_REASONS = frozenset({"CreateContainerError", "RunContainerError", "StartError"})
# A registry that answers so will answer so again; a time-out or a refused connection may heal.
IMAGE_FINAL = re.compile(
    r"not found|manifest unknown|unauthorized|denied|forbidden|invalid reference",
    re.IGNORECASE,
)
# What an API server answers to a pod that must not exist; a webhook without endpoints may heal.
ADMISSION_FINAL = re.compile(r"exceeded quota|violates PodSecurity|denied the request|no PriorityClass", re.IGNORECASE)
# Written by the cluster autoscaler and by Karpenter when a node for the pod is on its way.
NODE_IS_COMING = frozenset({"TriggeredScaleUp", "Nominated"})
REVISION = "deployment.kubernetes.io/revision"

NEXT_STEPS = {
    "Image": "check that the image was pushed under exactly this name, and that the nodes may pull from its registry",
    "CreateContainerConfigError": "check that the Secret or ConfigMap in the message exists and has the key it names",
    "ContainerStart": "check the command and arguments of the container against what the image holds",
    "CrashLoopBackOff": "read the log lines: the process ends by itself after every start",
    "OOMKilled": "raise resources.limits.memory of this application or find what uses the memory",
    "Unschedulable": "add nodes or lower the requests; the message counts the nodes and says why each was refused",
    "Admission": "change the manifest or the namespace's quota and policy; the API server refuses the pod as it is",
    "FailedMount": "check that the volume's ConfigMap, Secret or claim exists",
    "ReadinessGate": "look at the target group: the load balancer does not see the pod as healthy",
    "ReadinessProbe": "call the probe's path in the pod: it does not answer as ready",
    "ProgressDeadlineExceeded": "look at the pods of the new version: none of them became available in time",
    "Job": "read the log lines of the Job's last pod, then repeat the play: a failed Job is made anew",
    "NotFound": "check the name and the namespace, and that the object was applied",
}


@dataclass(frozen=True)
class Observed:
    """Everything that one look at the cluster gave about one workload.

    `workload` is None while the object does not exist. The lists may hold foreign objects: they are filtered here.
    """

    kind: str
    name: str
    workload: KubernetesObject | None
    replica_sets: Sequence[KubernetesObject] = field(default_factory=tuple)
    pods: Sequence[KubernetesObject] = field(default_factory=tuple)
    events: Sequence[KubernetesObject] = field(default_factory=tuple)


@dataclass(frozen=True)
class Verdict:
    """`ready`, `waiting` or `failed`, and for the last two why.

    `restarted` says that the interesting log is that of the container's previous run.
    """

    state: Literal["ready", "waiting", "failed"]
    reason: str = ""
    message: str = ""
    pod: str = ""
    container: str = ""
    restarted: bool = False

    @property
    def next_step(self) -> str:
        return NEXT_STEPS.get(self.reason, "")


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong with one pod; `final` when waiting cannot mend it."""

    reason: str
    message: str
    final: bool
    rank: int
    pod: str = ""
    container: str = ""
    restarted: bool = False


def parse_time(text: str | None) -> datetime | None:
    """An API timestamp (RFC 3339, UTC, with or without fractions) as an aware datetime."""
    if not text:
        return None
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")).astimezone(UTC)


def diagnose(observed: Observed, now: datetime, since: datetime, patience: float) -> Verdict:
    """Judge one workload.

    `since` is when the waiting began: what may heal by itself counts as failed only after it has been watched for
    `patience` seconds, however long it stood there before.
    """
    workload = observed.workload
    if workload is None:
        state: Literal["waiting", "failed"] = "failed" if (now - since).total_seconds() > patience else "waiting"
        return Verdict(state, "NotFound", f"{observed.kind} {observed.name} does not exist")
    progress = _job_progress(workload) if observed.kind == "Job" else _replica_progress(observed.kind, workload)
    if progress == "":
        return Verdict("ready")

    troubles = _troubles(observed, now)
    lasting = [trouble for trouble in troubles if trouble.final or _watched(trouble, observed, now, since) > patience]
    ended = _ended(observed.kind, workload)
    if lasting:
        return _verdict("failed", min(lasting, key=lambda trouble: trouble.rank))
    if ended:
        # Kubernetes gave up. The problem of a pod explains this better than the condition.
        if troubles:
            return _verdict("failed", min(troubles, key=lambda trouble: trouble.rank))
        return _last_words(observed, *ended)
    if troubles:
        return _verdict("waiting", min(troubles, key=lambda trouble: trouble.rank), progress)
    return Verdict("waiting", "Progressing", progress)


def current_pods(observed: Observed) -> list[KubernetesObject]:
    """The pods of the version that is being rolled out, without those being deleted.

    A pod of the version before may crash without this rollout being at fault.
    """
    workload = observed.workload
    if workload is None:
        return []
    owner = _uid(workload)
    owners = {_uid(item) for item in current_replica_sets(observed)} if observed.kind == "Deployment" else {owner}
    pods = [pod for pod in observed.pods if owners & set(_owners(pod)) and not _metadata(pod).get("deletionTimestamp")]
    if observed.kind == "StatefulSet":
        revision = _status(workload).get("updateRevision")
        pods = [pod for pod in pods if _metadata(pod).get("labels", {}).get("controller-revision-hash") == revision]
    return sorted(pods, key=lambda pod: str(_metadata(pod).get("creationTimestamp") or ""), reverse=True)


def current_replica_sets(observed: Observed) -> list[KubernetesObject]:
    """The replica set of the Deployment's current revision (none before the controller has made it)."""
    if observed.workload is None:
        return []
    revision, owner = _annotations(observed.workload).get(REVISION), _uid(observed.workload)
    owned = [item for item in observed.replica_sets if owner in _owners(item)]
    return [item for item in owned if _annotations(item).get(REVISION) == revision]


def related_events(observed: Observed) -> list[KubernetesObject]:
    """Warnings about the workload, its current replica set and its current pods, oldest first."""
    if observed.workload is None:
        return []
    uids = {_uid(observed.workload)} | {_uid(pod) for pod in current_pods(observed)}
    uids |= {_uid(item) for item in current_replica_sets(observed)}
    found = [
        event
        for event in observed.events
        if event.get("type") != "Normal" and (event.get("involvedObject") or {}).get("uid") in uids
    ]
    return sorted(found, key=_event_time)


def describe_event(event: KubernetesObject) -> str:
    """One line: reason, object, how often, message."""
    about = event.get("involvedObject") or {}
    count = event.get("count") or (event.get("series") or {}).get("count") or 1
    message = " ".join(str(event.get("message") or "").split())
    return f"{event.get('reason')} {about.get('kind')}/{about.get('name')} (x{count}): {message}"


def report(observed: Observed, verdict: Verdict, namespace: str, log: Sequence[str], events: int = 5) -> str:
    """The text that a person reads when a rollout failed: what, why, what to do, then the evidence."""
    lines = [f"{observed.kind} {namespace}/{observed.name}: {verdict.reason}: {verdict.message}"]
    if verdict.pod:
        lines.append(f"pod: {verdict.pod}" + (f", container: {verdict.container}" if verdict.container else ""))
    if verdict.next_step:
        lines.append(f"next: {verdict.next_step}")
    last_events = [describe_event(event) for event in related_events(observed)][-events:]
    if last_events:
        lines += ["events:", *(f"  {line}" for line in last_events)]
    if log:
        lines += ["log (previous run):" if verdict.restarted else "log:", *(f"  {line}" for line in log)]
    return "\n".join(lines)


def _replica_progress(kind: str, workload: KubernetesObject) -> str:
    """Empty when every wanted replica is of the current version and available, else how far it is."""
    status = _status(workload)
    spec = workload.get("spec") or {}
    wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    if int(status.get("observedGeneration") or 0) < int(_metadata(workload).get("generation") or 0):
        return "the controller has not seen the change yet"
    counted = ("replicas", "updatedReplicas", "availableReplicas")
    total, updated, available = (int(status.get(key) or 0) for key in counted)
    if kind == "StatefulSet" and status.get("currentRevision") == status.get("updateRevision"):
        updated = int(status.get("currentReplicas") or updated)
    counts = f"{updated} of {wanted} replicas are of the new version, {available} available, {total} in all"
    if updated < wanted or available < wanted or available < updated or total > max(wanted, updated):
        return counts
    return ""


def _job_progress(job: KubernetesObject) -> str:
    if _condition(job, "Complete"):
        return ""
    status = _status(job)
    return f"{int(status.get('active') or 0)} active, {int(status.get('failed') or 0)} failed attempts"


def _ended(kind: str, workload: KubernetesObject) -> tuple[str, str] | None:
    """The condition by which Kubernetes itself gives a rollout up."""
    if kind == "Job":
        failed = _condition(workload, "Failed")
        return ("Job", f"{failed.get('reason')}: {failed.get('message')}") if failed else None
    progressing = _condition(workload, "Progressing", "False")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return "ProgressDeadlineExceeded", str(progressing.get("message") or "")
    return None


def _last_words(observed: Observed, reason: str, message: str) -> Verdict:
    """A failed Job's last container says more than the count of its attempts."""
    for pod in current_pods(observed):
        for status in _container_statuses(pod):
            ended = (status.get("state") or {}).get("terminated") or {}
            if int(ended.get("exitCode") or 0) != 0:
                text = f"{message}; the last attempt ended with exit code {ended['exitCode']} ({ended.get('reason')})"
                return Verdict("failed", reason, text, _name(pod), str(status.get("name") or ""))
    return Verdict("failed", reason, message)


def _troubles(observed: Observed, now: datetime) -> list[Trouble]:
    found: list[Trouble] = []
    if observed.workload is not None:
        found += _admission(observed)
    for pod in current_pods(observed):
        events = [event for event in observed.events if (event.get("involvedObject") or {}).get("uid") == _uid(pod)]
        found += _pod_troubles(pod, events, job=observed.kind == "Job")
    return found


def _admission(observed: Observed) -> list[Trouble]:
    """Pods that could not even be created: quota, policy, or a webhook that said no or did not answer."""
    for item in [observed.workload or {}, *current_replica_sets(observed)]:
        failure = _condition(item, "ReplicaFailure")
        if failure:
            message = str(failure.get("message") or failure.get("reason") or "")
            return [Trouble("Admission", message, bool(ADMISSION_FINAL.search(message)), rank=0)]
    events = [event for event in related_events(observed) if event.get("reason") == "FailedCreate"]
    if observed.kind != "Deployment" and events and not (observed.kind == "Job" and current_pods(observed)):
        # StatefulSets and Jobs have no such condition: only their events tell, and a Job with a pod is over it.
        message = str(events[-1].get("message") or "")
        return [Trouble("Admission", message, bool(ADMISSION_FINAL.search(message)), rank=0)]
    return []


def _pod_troubles(pod: KubernetesObject, events: Sequence[KubernetesObject], job: bool) -> list[Trouble]:
    name = _name(pod)
    if _condition(pod, "Ready") or _status(pod).get("phase") == "Succeeded":
        return []
    scheduled = _condition(pod, "PodScheduled", "False")
    if scheduled and scheduled.get("reason") == "Unschedulable":
        if any(event.get("reason") in NODE_IS_COMING for event in events):
            return []
        return [Trouble("Unschedulable", str(scheduled.get("message") or ""), False, rank=5, pod=name)]
    found: list[Trouble] = []
    for status in _container_statuses(pod):
        found += _container_troubles(pod, status, events, job)
    if found:
        return found
    mounts = [event for event in events if event.get("reason") in {"FailedMount", "FailedAttachVolume"}]
    started = any((status.get("state") or {}).get("running") for status in _container_statuses(pod))
    if mounts and not started:
        return [Trouble("FailedMount", str(mounts[-1].get("message") or ""), False, rank=6, pod=name)]
    return _not_ready(pod, events) if started else []


def _container_troubles(
    pod: KubernetesObject, status: Mapping[str, Any], events: Sequence[KubernetesObject], job: bool
) -> list[Trouble]:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    waiting, restarts = state.get("waiting") or {}, int(status.get("restartCount") or 0)
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    where: dict[str, Any] = {"pod": _name(pod), "container": str(status.get("name") or "")}
    ended = state.get("terminated") or last.get("terminated") or {}
    if ended.get("reason") == "OOMKilled" and not status.get("ready"):
        text = f"the container was killed at its memory limit ({_memory_limit(pod, where['container'])})"
        return [Trouble("OOMKilled", text, not job, rank=1, restarted="terminated" not in state, **where)]
    if reason == "CrashLoopBackOff":
        text = f"{restarts} restarts, the last run ended with exit code {ended.get('exitCode')} ({ended.get('reason')})"
        probe = _probe_failure(events, ("Startup", "Liveness"))
        text += f"; {probe}" if probe else ""
        return [Trouble("CrashLoopBackOff", text, not job, rank=2, restarted=True, **where)]
    if reason in IMAGE_REASONS:
        pulls = " ".join(str(event.get("message") or "") for event in events if event.get("reason") == "Failed")
        final = reason in {"InvalidImageName", "ErrImageNeverPull"} or bool(IMAGE_FINAL.search(f"{message} {pulls}"))
        return [Trouble("Image", f"{reason}: {message or status.get('image')}", final, rank=3, **where)]
    if reason == "CreateContainerConfigError":
        return [Trouble(reason, message, False, rank=4, **where)]
    if reason in START_REASONS:
        return [Trouble("ContainerStart", f"{reason}: {message}", False, rank=4, **where)]
    return []


def _not_ready(pod: KubernetesObject, events: Sequence[KubernetesObject]) -> list[Trouble]:
    """Runs, but is not ready: never a failure before Kubernetes' own deadline, yet worth naming."""
    for gate in (pod.get("spec") or {}).get("readinessGates") or []:
        kind = gate.get("conditionType")
        if _condition(pod, "ContainersReady") and not _condition(pod, str(kind)):
            unmet: Mapping[str, Any] = next(
                (item for item in _status(pod).get("conditions") or [] if item.get("type") == kind), {}
            )
            why = f"{unmet.get('reason') or 'not reported yet'} {unmet.get('message') or ''}".strip()
            text = f"{kind} is not true: {why}"
            return [Trouble("ReadinessGate", text, False, rank=9, pod=_name(pod))]
    probe = _probe_failure(events, ("Readiness", "Startup", "Liveness"))
    return [Trouble("ReadinessProbe", probe, False, rank=9, pod=_name(pod))] if probe else []


def _probe_failure(events: Sequence[KubernetesObject], kinds: tuple[str, ...]) -> str:
    """The newest message of a failing probe of one of these kinds."""
    messages = [
        " ".join(str(event.get("message") or "").split())
        for event in sorted(events, key=_event_time)
        if event.get("reason") == "Unhealthy" and str(event.get("message") or "").startswith(kinds)
    ]
    return messages[-1] if messages else ""


def _watched(trouble: Trouble, observed: Observed, now: datetime, since: datetime) -> float:
    """Seconds for which this run has watched a trouble that may heal. What is only slow is never called failed here."""
    if trouble.reason in {"ReadinessGate", "ReadinessProbe"}:
        return 0.0
    if observed.kind == "Job" and trouble.reason in {"CrashLoopBackOff", "OOMKilled"}:
        return 0.0  # backoffLimit decides how often a Job may try
    pod = next((item for item in observed.pods if _name(item) == trouble.pod), None)
    born = parse_time(_metadata(pod).get("creationTimestamp")) if pod else None
    return (now - max(since, born or since)).total_seconds()


def _verdict(state: Literal["waiting", "failed"], trouble: Trouble, progress: str = "") -> Verdict:
    message = f"{trouble.message} ({progress})" if progress else trouble.message
    return Verdict(state, trouble.reason, message, trouble.pod, trouble.container, trouble.restarted)


def _memory_limit(pod: KubernetesObject, container: str) -> str:
    for item in (pod.get("spec") or {}).get("containers") or []:
        if item.get("name") == container:
            return str(((item.get("resources") or {}).get("limits") or {}).get("memory") or "no limit of its own")
    return "unknown"


def _container_statuses(pod: KubernetesObject) -> list[Mapping[str, Any]]:
    status = _status(pod)
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _condition(item: KubernetesObject, kind: str, value: str = "True") -> Mapping[str, Any] | None:
    conditions = _status(item).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind and entry.get("status") == value), None)


def _event_time(event: KubernetesObject) -> str:
    series = event.get("series") or {}
    stamps = (event.get("lastTimestamp"), series.get("lastObservedTime"), event.get("eventTime"))
    return str(next((stamp for stamp in stamps if stamp), ""))


def _metadata(item: KubernetesObject) -> Mapping[str, Any]:
    return item.get("metadata") or {}


def _status(item: KubernetesObject) -> Mapping[str, Any]:
    return item.get("status") or {}


def _annotations(item: KubernetesObject) -> Mapping[str, str]:
    return _metadata(item).get("annotations") or {}


def _owners(item: KubernetesObject) -> list[str]:
    return [str(owner.get("uid")) for owner in _metadata(item).get("ownerReferences") or []]


def _uid(item: KubernetesObject) -> str:
    return str(_metadata(item).get("uid") or "")


def _name(item: KubernetesObject) -> str:
    return str(_metadata(item).get("name") or "")
