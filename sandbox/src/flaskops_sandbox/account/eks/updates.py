"""Updates in progress. A cluster, node group or add-on has at most one at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flaskops_sandbox.account.eks.errors import ResourceInUse, ResourceNotFound
from flaskops_sandbox.account.eks.store import Cluster, Eks, Record, Update, new_id, now, page
from flaskops_sandbox.account.principals import Principal


def check_free(cluster: Cluster, target: str = "") -> None:
    """Raise ResourceInUseException while the cluster or its part `target` has an update in progress."""
    for update in cluster.updates.values():
        if update.record["status"] == "InProgress" and update.target in ("", target):
            raise ResourceInUse(
                f"Cannot change {target or 'cluster'} because cluster {cluster.name} currently has update "
                f"{update.record['id']} in progress",
                clusterName=cluster.name,
            )


def start_update(
    eks: Eks, cluster: Cluster, target: str, kind: str, params: dict[str, Any], work: Callable[[], None]
) -> Record:
    """Record an update and run `work` in the background. `params` are the parameters of the update.

    `work` runs without the lock. If it raises, the update is Failed with the cause in its errors.
    """
    record: Record = {
        "id": new_id(),
        "status": "InProgress",
        "type": kind,
        "params": [
            {"type": name, "value": value if isinstance(value, str) else json.dumps(value)}
            for name, value in params.items()
        ],
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[record["id"]] = Update(record, target)

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - report every cause in the update
            with eks.lock:
                record["errors"] = [{"errorCode": "Unknown", "errorMessage": str(error)}]
                record["status"] = "Failed"
        else:
            with eks.lock:
                record["status"] = "Successful"

    eks.later(run)
    return {"update": dict(record)}


def _target(params: Record) -> str:
    if params.get("nodegroupName"):
        return f"nodegroup/{params['nodegroupName']}"
    return f"addon/{params['addonName']}" if params.get("addonName") else ""


def describe_update(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["name"])
    update = cluster.updates.get(params["updateId"])
    if update is None or update.target != _target(params):
        raise ResourceNotFound(f"No update found for ID: {params['updateId']}", clusterName=cluster.name)
    return {"update": update.record}


def list_updates(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["name"])
    target = _target(params)
    return page([key for key, update in cluster.updates.items() if update.target == target], "updateIds", params)
