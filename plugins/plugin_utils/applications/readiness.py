# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether credentials and traffic are ready for the pods, and if not, why.

Every function returns failures: `kind`, `name` and `message`, none when all is ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .metadata import INSTANCE_LABEL
from .releases import SLOT_LABEL, deployment_name

Object = Mapping[str, Any]
Failure = dict[str, str]


def unsynchronised(
    wanted: Iterable[Object], found: Iterable[Object], before: Iterable[Object], changed: Iterable[str]
) -> list[Failure]:
    """The ExternalSecrets that the operator has not synchronised since they were applied.

    The condition Ready alone may describe the version before. The operator records what it has synchronised as
    `<generation>-<digest of labels and annotations>`: after a change that must be a new one, of the current generation.

    Args:
        wanted: The manifests of ExternalSecrets.
        found: ExternalSecrets as the cluster has them now.
        before: ExternalSecrets as the cluster had them before they were applied.
        changed: Names of those that the apply changed.
    """
    current = {item["metadata"]["name"]: item for item in found}
    earlier = {item["metadata"]["name"]: _synced(item) for item in before}
    stale = set(changed)
    failures = []
    for item in wanted:
        name = item["metadata"]["name"]
        live = current.get(name, {})
        fresh = name not in stale or _synced(live) != earlier.get(name, "")
        if not (fresh and _is_synchronised(live)):
            failures.append(_failure("ExternalSecret", item, f"not synchronised: {_sync_problem(live, item)}"))
    return failures


def unbound_ingresses(
    wanted: Iterable[Object], bindings: Iterable[Object], events: Iterable[Mapping[str, Any]] = ()
) -> list[Failure]:
    """The Ingresses of which no target group is bound, with what the load balancer controller says of them.

    Args:
        wanted: The manifests of Ingresses.
        bindings: TargetGroupBindings of the namespace.
        events: Events of the namespace about Ingresses.
    """
    bound = {item["spec"]["serviceRef"]["name"] for item in bindings}
    told = {event["involvedObject"]["name"]: str(event.get("message") or "") for event in events}
    missing = [item for item in wanted if item["metadata"]["name"] not in bound]
    return [_failure("Ingress", item, _binding_problem(told.get(item["metadata"]["name"]))) for item in missing]


def ungated_pods(pods: Iterable[Object], namespace: str) -> list[Failure]:
    """The Deployments with pods that do not wait for the load balancer. A rollout of such pods loses requests.

    Args:
        pods: Pods behind the load balancer. Those without a slot belong to an earlier version and are about to go.
        namespace: Their namespace.
    """
    found: dict[str, list[str]] = {}
    for pod in pods:
        labels = pod["metadata"].get("labels") or {}
        gone = pod["metadata"].get("deletionTimestamp")
        if SLOT_LABEL in labels and not gone and not pod["spec"].get("readinessGates"):
            name = deployment_name(labels[INSTANCE_LABEL], labels[SLOT_LABEL])
            found.setdefault(name, []).append(pod["metadata"]["name"])
    return [
        {
            "kind": "Deployment",
            "name": name,
            "message": f"Deployment {namespace}/{name}: pods without the load balancer's readiness gate: "
            f"{', '.join(names)}; check that the namespace has the label elbv2.k8s.aws/pod-readiness-gate-inject and "
            "that the controller's webhook runs, then restart the Deployment",
        }
        for name, names in found.items()
    ]


def _failure(kind: str, item: Object, text: str) -> Failure:
    metadata = item["metadata"]
    message = f"{kind} {metadata['namespace']}/{metadata['name']}: {text}"
    return {"kind": kind, "name": metadata["name"], "message": message}


def _binding_problem(told: str | None) -> str:
    return (
        f"no target group is bound; the load balancer controller says: {told or 'nothing'}; if it says nothing, check "
        "that the controller runs. One wrong Ingress stops all Ingresses of its group"
    )


def _synced(item: Object) -> str:
    return str((item.get("status") or {}).get("syncedResourceVersion") or "")


def _ready(item: Object) -> Mapping[str, Any]:
    conditions: Sequence[Mapping[str, Any]] = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == "Ready"), {})


def _is_synchronised(item: Object) -> bool:
    return (
        _ready(item).get("status") == "True"
        and bool((item.get("status") or {}).get("refreshTime"))
        and _synced(item).startswith(f"{item['metadata'].get('generation')}-")
    )


def _sync_problem(live: Object, wanted: Object) -> str:
    ready = _ready(live)
    reason = f"{ready.get('reason')}: {ready.get('message')}" if ready else "the operator has not looked at it"
    keys = sorted({entry["remoteRef"]["key"] for entry in wanted["spec"]["data"]})
    return (
        f"{reason}; check that the store {wanted['spec']['secretStoreRef']['name']} is ready, that the secrets "
        f"{', '.join(keys)} exist with the properties asked for, and that the operator may read them"
    )
