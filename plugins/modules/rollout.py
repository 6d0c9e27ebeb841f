#!/usr/bin/python
# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wait for workloads, and tell a failed rollout from a slow one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Wait for Deployments, StatefulSets and Jobs, and report the cause of a failure within seconds
version_added: 1.0.0
description:
  - Waits until every named workload runs its newest version everywhere (or, for a Job, has completed).
  - Reads the pods of the new version while it waits. An image that cannot be pulled, a container that crashes or was
    killed at its memory limit, a missing Secret, a pod that no node takes, a quota or a policy that refuses it end the
    wait at once or after O(patience), with the cause, the last events and the last log lines, instead of after
    C(progressDeadlineSeconds).
  - Changes nothing.
options:
  namespace:
    description: Namespace of the workloads.
    type: str
    required: true
  workloads:
    description: The workloads to wait for.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet, Job]
        default: Deployment
      name:
        description: Name of the workload.
        type: str
        required: true
  timeout:
    description: Seconds after which a rollout that is merely slow fails too.
    type: int
    default: 600
  patience:
    description:
      - Seconds for which a trouble that may heal by itself is watched before it counts as a failure.
      - Such are a Secret that does not exist yet, a registry that does not answer, a pod that no node has room for.
    type: int
    default: 15
  poll:
    description: Polling interval in seconds.
    type: float
    default: 1.0
  report_failures:
    description:
      - Wait for every workload to its own end and return those that failed in RV(failures), instead of failing as soon
        as one of them has failed.
    type: bool
    default: false
  log_lines:
    description: How many of the last log lines of the failing container are shown.
    type: int
    default: 20
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
notes:
  - In check mode it looks once and reports, without waiting and without failing. With a O(host) that is not known yet
    (C((known after apply))) it is planned without asking anything.
author:
  - flaskops.eks contributors
"""

EXAMPLES = r"""
- name: Wait for both applications
  flaskops.eks.rollout:
    namespace: flask
    workloads:
      - {kind: Deployment, name: api}
      - {kind: Deployment, name: worker}
    timeout: 300

- name: Wait for each of them, also when one fails
  flaskops.eks.rollout:
    namespace: flask
    workloads:
      - {kind: Deployment, name: api}
      - {kind: Deployment, name: worker}
    report_failures: true
  register: rollout

- name: Wait for the migration
  flaskops.eks.rollout:
    namespace: flask
    workloads:
      - {kind: Job, name: migrate-1f0c9d2a3b}
"""

RETURN = r"""
planned:
  description: Whether nothing was asked because the cluster does not exist yet (check mode).
  returned: always
  type: bool
  sample: false
workloads:
  description: State of each workload at the end.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind.
      type: str
      sample: Deployment
    name:
      description: Name.
      type: str
      sample: api
    state:
      description: C(ready), C(waiting) or C(failed).
      type: str
      sample: ready
    reason:
      description: Why it is not ready.
      type: str
      sample: ""
    message:
      description: The reason in words.
      type: str
      sample: ""
failures:
  description: The workloads that failed, or were not ready in time, each with its cause.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: Kind.
      type: str
      sample: Deployment
    name:
      description: Name.
      type: str
      sample: api
    message:
      description: Cause, next step, events and log lines.
      type: str
      sample: "Deployment flask/api: Image: ErrImagePull: not found"
elapsed:
  description: Seconds waited.
  returned: always
  type: float
  sample: 12.5
"""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.rollout_diagnosis import (
    Observed,
    Verdict,
    diagnose,
    report,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import is_unknown
from ansible_collections.kubernetes.core.plugins.module_utils.ansiblemodule import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.client import get_api_client
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.exceptions import CoreException

try:
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError
except ImportError:  # reported by AnsibleK8SModule
    ApiException = HTTPError = Exception  # type: ignore[assignment,misc]

API_VERSIONS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "Job": "batch/v1"}


class Cluster:
    """The questions that a rollout asks, each answered with plain dictionaries."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def observe(self, kind: str, name: str, detail: bool) -> Observed:
        """One workload; with `detail` also its replica sets, pods and the namespace's events."""
        workload = self._get(kind, API_VERSIONS[kind], name=name)
        observed = Observed(kind, name, workload)
        if workload is None or not detail:
            return observed
        labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        return replace(
            observed,
            replica_sets=self._list("ReplicaSet", "apps/v1", selector) if kind == "Deployment" else (),
            pods=self._list("Pod", "v1", selector),
            events=self._list("Event", "v1"),
        )

    def log(self, pod: str, container: str, previous: bool, lines: int) -> list[str]:
        """The last lines of a container; empty when there is no log (never started, already gone)."""
        query: dict[str, Any] = {"tailLines": lines}
        if container:
            query["container"] = container
        if previous:
            query["previous"] = True
        pods = self._client.resource("Pod", "v1")
        try:
            response = pods.log.get(name=pod, namespace=self._namespace, serialize=False, query_params=query)
        except ApiException:
            return []
        return list(response.data.decode("utf-8", "replace").splitlines())

    def _get(self, kind: str, api_version: str, **selection: str) -> dict[str, Any] | None:
        resource = self._client.resource(kind, api_version)
        try:
            return dict(self._client.get(resource, namespace=self._namespace, **selection).to_dict())
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _list(self, kind: str, api_version: str, selector: str = "") -> list[dict[str, Any]]:
        selection = {"label_selector": selector} if selector else {}
        found = self._get(kind, api_version, **selection)
        return list((found or {}).get("items") or [])


class Waiter:
    """Looks at every workload until all are ready, one has failed, or the time is up.

    With ``report_failures`` a failed workload does not end the wait for the others.
    """

    def __init__(self, cluster: Cluster, params: dict[str, Any]) -> None:
        self._cluster = cluster
        self._params = params
        self._since = datetime.now(UTC)
        self._verdicts: dict[tuple[str, str], tuple[Observed, Verdict]] = {}
        self._failures: dict[tuple[str, str], str] = {}

    def look(self) -> None:
        """One look at every workload that is neither ready nor failed yet."""
        for workload in self._params["workloads"]:
            key = (workload["kind"], workload["name"])
            if key in self._verdicts and self._verdicts[key][1].state != "waiting":
                continue
            observed = self._cluster.observe(*key, detail=False)
            verdict = self._judge(observed)
            if verdict.state != "ready" and observed.workload is not None:
                observed = self._cluster.observe(*key, detail=True)
                verdict = self._judge(observed)
            self._verdicts[key] = (observed, verdict)

    def wait(self) -> list[dict[str, str]]:
        """The workloads that failed or were not ready in time, each with the text that explains it."""
        deadline = time.monotonic() + self._params["timeout"]
        unreachable_since: float | None = None
        while True:
            try:
                self.look()
                unreachable_since = None
            except (ApiException, HTTPError) as error:
                # One lost answer is no failed rollout; an API server that stays away is.
                status = getattr(error, "status", None)
                unreachable_since = unreachable_since or time.monotonic()
                patient = time.monotonic() - unreachable_since <= self._params["patience"]
                if status in {401, 403} or not patient or time.monotonic() >= deadline:
                    raise
            else:
                self._explain_failures()
                if self._is_over():
                    break
                if time.monotonic() >= deadline:
                    self._explain_delays()
                    break
            time.sleep(self._params["poll"])
        return [{"kind": kind, "name": name, "message": text} for (kind, name), text in self._failures.items()]

    def summary(self) -> list[dict[str, str]]:
        """Kind, name and state of every workload."""
        return [
            {
                "kind": observed.kind,
                "name": observed.name,
                "state": verdict.state,
                "reason": verdict.reason,
                "message": verdict.message,
            }
            for observed, verdict in self._verdicts.values()
        ]

    def _is_over(self) -> bool:
        states = {verdict.state for _observed, verdict in self._verdicts.values()}
        return "waiting" not in states or ("failed" in states and not self._params["report_failures"])

    def _explain_failures(self) -> None:
        """At once: the events and the log of a failed workload may be gone when the others are ready."""
        for key, (observed, verdict) in self._verdicts.items():
            if verdict.state == "failed" and key not in self._failures:
                self._failures[key] = self._explain(observed, verdict)

    def _explain_delays(self) -> None:
        for key, (observed, verdict) in self._verdicts.items():
            if verdict.state == "waiting":
                text = self._explain(observed, verdict)
                self._failures[key] = f"not ready after {self._params['timeout']} s\n{text}"

    def _judge(self, observed: Observed) -> Verdict:
        return diagnose(observed, datetime.now(UTC), self._since, self._params["patience"])

    def _explain(self, observed: Observed, verdict: Verdict) -> str:
        lines = self._params["log_lines"]
        log: list[str] = []
        if verdict.pod and lines:
            log = self._cluster.log(verdict.pod, verdict.container, verdict.restarted, lines)
        return report(observed, verdict, self._params["namespace"], log)


def argument_spec() -> dict[str, Any]:
    """kubernetes.core's authentication options and ours."""
    return {
        **AUTH_ARG_SPEC,
        "namespace": {"type": "str", "required": True},
        "workloads": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "kind": {"type": "str", "choices": list(API_VERSIONS), "default": "Deployment"},
                "name": {"type": "str", "required": True},
            },
        },
        "timeout": {"type": "int", "default": 600},
        "patience": {"type": "int", "default": 15},
        "poll": {"type": "float", "default": 1.0},
        "log_lines": {"type": "int", "default": 20},
        "report_failures": {"type": "bool", "default": False},
    }


def run(module: Any, cluster: Cluster) -> dict[str, Any]:
    """Wait (or, in check mode, look once). Returns the result; `msg` is in it only when the task fails."""
    began = time.monotonic()
    waiter = Waiter(cluster, module.params)
    failures: list[dict[str, str]] = []
    if module.check_mode:
        waiter.look()
    else:
        failures = waiter.wait()
    result: dict[str, Any] = {
        "changed": False,
        "planned": False,
        "workloads": waiter.summary(),
        "failures": failures,
        "elapsed": round(time.monotonic() - began, 1),
    }
    if failures and not module.params["report_failures"]:
        result["msg"] = "\n".join(failure["message"] for failure in failures)
    return result


def main() -> None:
    module = AnsibleK8SModule(module_class=AnsibleModule, argument_spec=argument_spec(), supports_check_mode=True)
    if module.check_mode and is_unknown(module.params.get("host")):
        planned = [
            {**workload, "state": "waiting", "reason": "Planned", "message": "the cluster does not exist yet"}
            for workload in module.params["workloads"]
        ]
        module.exit_json(changed=False, planned=True, workloads=planned, failures=[], elapsed=0.0)
    try:
        cluster = Cluster(get_api_client(module), module.params["namespace"])
        result = run(module, cluster)
    except (CoreException, ApiException, HTTPError) as error:
        namespace = module.params["namespace"]
        module.fail_json(msg=f"the Kubernetes API did not answer while waiting in namespace {namespace}: {error}")
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
