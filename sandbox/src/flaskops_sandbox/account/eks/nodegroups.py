"""Managed node groups. Their nodes are kind workers, one per zone, which join and leave the cluster together.

Therefore only one node group at a time has nodes, and its size is the number of workers or zero. Other sizes fail as
on AWS when instances cannot be launched: CREATE_FAILED or Failed, with the reason.
"""

from __future__ import annotations

from typing import Any

from flaskops_sandbox.account.eks import access, network, versions
from flaskops_sandbox.account.eks.clusters import check_active
from flaskops_sandbox.account.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse
from flaskops_sandbox.account.eks.store import Cluster, Eks, Nodegroup, Record, new_id, now, page
from flaskops_sandbox.account.eks.updates import check_free, start_update
from flaskops_sandbox.account.principals import Principal

TAINT_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


class CapacityError(Exception):
    """The sandbox cannot provide the nodes. `code` is the issue code of the EKS API."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def create_nodegroup(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    name = params["nodegroupName"]
    if name in cluster.nodegroups:
        raise ResourceInUse(
            f"NodeGroup already exists with name {name} and cluster name {cluster.name}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    check_active(cluster)
    check_free(cluster)
    network.check_role(eks.instance, params["nodeRole"], "ec2.amazonaws.com")
    if any(subnet.vpc_id != cluster.vpc_id for subnet in network.subnets(eks.instance, params["subnets"])):
        raise InvalidParameter("Subnets of a node group must be in the cluster's VPC", nodegroupName=name)
    group = Nodegroup(_new_record(eks, cluster, params))
    cluster.nodegroups[name] = group
    access.ensure_node_entry(eks, cluster, params["nodeRole"])
    eks.later(lambda: _launch(eks, cluster, group))
    return {"nodegroup": group.record}


def _new_record(eks: Eks, cluster: Cluster, params: Record) -> Record:
    name = params["nodegroupName"]
    version = str(params.get("version") or cluster.record["version"])
    versions.check_version(version)
    if versions.minor(version) > versions.minor(cluster.record["version"]):
        raise InvalidParameter(
            f"Nodegroup version {version} is newer than the cluster's {cluster.record['version']}", nodegroupName=name
        )
    record = {
        "nodegroupName": name,
        "nodegroupArn": eks.arn(f"nodegroup/{cluster.name}/{name}/{new_id()}"),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": params.get("releaseVersion", versions.node_release(version)),
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "CREATING",
        "capacityType": params.get("capacityType", "ON_DEMAND"),
        "scalingConfig": _scaling(params.get("scalingConfig", {}), {"minSize": 1, "maxSize": 2, "desiredSize": 2}),
        "instanceTypes": params.get("instanceTypes") or ["t3.medium"],
        "subnets": params["subnets"],
        "amiType": params.get("amiType", "AL2023_x86_64_STANDARD"),
        "nodeRole": params["nodeRole"],
        "labels": dict(params.get("labels", {})),
        "taints": list(params.get("taints", [])),
        "diskSize": params.get("diskSize", 20),
        "health": {"issues": []},
        "updateConfig": params.get("updateConfig", {"maxUnavailable": 1}),
        "resources": {},
        "tags": dict(params.get("tags", {})),
    }
    return record | {
        key: params[key] for key in ("launchTemplate", "remoteAccess", "nodeRepairConfig") if key in params
    }


def _scaling(wanted: Record, before: Record) -> Record:
    after = {**before, **wanted}
    if not after["minSize"] <= after["desiredSize"] <= after["maxSize"]:
        raise InvalidParameter(
            f"desired capacity {after['desiredSize']} must be between min size {after['minSize']} "
            f"and max size {after['maxSize']}"
        )
    return after


def _launch(eks: Eks, cluster: Cluster, group: Nodegroup) -> None:
    try:
        _bring_up(eks, cluster, group)
    except Exception as error:  # noqa: BLE001 - report every cause in the node group's health
        with eks.lock:
            group.record["status"] = "CREATE_FAILED"
            code = error.code if isinstance(error, CapacityError) else "NodeCreationFailure"
            issue = {"code": code, "message": str(error), "resourceIds": list(group.instance_ids)}
            group.record["health"]["issues"] = [issue]
    else:
        with eks.lock:
            group.record["status"] = "ACTIVE"


def _bring_up(eks: Eks, cluster: Cluster, group: Nodegroup) -> None:
    """Launch the instances, then let the nodes join with their ids. A desired size of 0 launches none."""
    with eks.lock:
        if group.record["scalingConfig"]["desiredSize"] == 0:
            return
        places = _places(eks, cluster, group)
        for zone, subnet_id in places.items():
            network.launch_instance(
                eks.instance,
                cluster.reserved_instance_ids[zone],
                subnet_id,
                group.record["instanceTypes"][0],
                cluster.security_group_id,
                {
                    "Name": f"{cluster.name}-{group.record['nodegroupName']}-Node",
                    "eks:cluster-name": cluster.name,
                    "eks:nodegroup-name": group.record["nodegroupName"],
                    f"kubernetes.io/cluster/{cluster.name}": "owned",
                },
            )
        group.instance_ids = [cluster.reserved_instance_ids[zone] for zone in places]
        group.applied_labels = labels = _node_labels(group)
        taints = _node_taints(group)
    nodes = eks.kubernetes.join_nodes(eks.instance, cluster.name, labels, taints)
    with eks.lock:
        for node in nodes:
            network.give_pod_range(eks.instance, node.instance_id, node.pod_cidr)


def _places(eks: Eks, cluster: Cluster, group: Nodegroup) -> dict[str, str]:
    """Return {zone: subnet} of the workers. Raise CapacityError if the sandbox cannot provide them."""
    workers, desired = len(cluster.reserved_instance_ids), group.record["scalingConfig"]["desiredSize"]
    owner = cluster.workers_taken_by
    if owner is not None and owner is not group:
        raise CapacityError(
            "InstanceLimitExceeded",
            f"the sandbox has {workers} workers, and node group {owner.record['nodegroupName']} owns them all",
        )
    if desired != workers:
        raise CapacityError(
            "InstanceLimitExceeded",
            f"the sandbox runs one worker a zone, {workers} in all, which join together: "
            f"desiredSize must be {workers} or 0, not {desired}",
        )
    by_zone = {s.availability_zone: s.id for s in network.subnets(eks.instance, group.record["subnets"])}
    missing = sorted(set(cluster.reserved_instance_ids) - set(by_zone))
    if missing:
        raise CapacityError(
            "Ec2SubnetInvalidConfiguration", f"no subnet of the node group is in zone {', '.join(missing)}"
        )
    return {zone: by_zone[zone] for zone in cluster.reserved_instance_ids}


def _node_labels(group: Nodegroup) -> dict[str, str]:
    return {
        **group.record["labels"],
        "eks.amazonaws.com/nodegroup": group.record["nodegroupName"],
        "eks.amazonaws.com/capacityType": group.record["capacityType"],
        "node.kubernetes.io/instance-type": group.record["instanceTypes"][0],
    }


def _node_taints(group: Nodegroup) -> list[dict[str, str]]:
    """Return the taints in Kubernetes spelling."""
    return [
        {"key": taint["key"], "value": taint.get("value", ""), "effect": TAINT_EFFECTS[taint["effect"]]}
        for taint in group.record["taints"]
    ]


def describe_nodegroup(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"nodegroup": eks.cluster(params["clusterName"]).nodegroup(params["nodegroupName"]).record}


def list_nodegroups(eks: Eks, params: Record, _caller: Principal) -> Record:
    return page(sorted(eks.cluster(params["clusterName"]).nodegroups), "nodegroups", params)


def delete_nodegroup(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    group = cluster.nodegroup(params["nodegroupName"])
    name = group.record["nodegroupName"]
    if group.record["status"] in ("CREATING", "UPDATING", "DELETING"):
        raise ResourceInUse(
            f"Nodegroup {name} cannot be deleted while it is {group.record['status']}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    check_free(cluster, f"nodegroup/{name}")
    group.record["status"] = "DELETING"
    answer = {"nodegroup": dict(group.record)}
    eks.later(lambda: _remove(eks, cluster, group))
    return answer


def _remove(eks: Eks, cluster: Cluster, group: Nodegroup) -> None:
    try:
        _take_down(eks, cluster, group)
    except Exception as error:  # noqa: BLE001 - report every cause in the node group's health
        with eks.lock:
            group.record["status"] = "DELETE_FAILED"
            issue = {"code": "NodeTerminationFailure", "message": str(error), "resourceIds": list(group.instance_ids)}
            group.record["health"]["issues"] = [issue]
        return
    with eks.lock:
        del cluster.nodegroups[group.record["nodegroupName"]]


def _take_down(eks: Eks, cluster: Cluster, group: Nodegroup) -> None:
    if not group.instance_ids:
        return
    eks.kubernetes.drain_out(eks.instance, cluster.name)
    with eks.lock:
        network.terminate(eks.instance, group.instance_ids)
        group.instance_ids = []


def _check_updatable(cluster: Cluster, group: Nodegroup) -> str:
    name = str(group.record["nodegroupName"])
    check_free(cluster, f"nodegroup/{name}")
    if group.record["status"] not in ("ACTIVE", "DEGRADED"):
        raise ResourceInUse(
            f"Nodegroup {name} cannot be updated while it is {group.record['status']}",
            clusterName=cluster.name,
            nodegroupName=name,
        )
    return name


def update_nodegroup_version(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    group = cluster.nodegroup(params["nodegroupName"])
    name = _check_updatable(cluster, group)
    version = str(params.get("version") or cluster.record["version"])
    versions.check_version(version)
    if versions.minor(version) > versions.minor(cluster.record["version"]):
        raise InvalidParameter(
            f"Nodegroup version {version} is newer than the cluster's {cluster.record['version']}", nodegroupName=name
        )
    if versions.minor(version) < versions.minor(group.record["version"]):
        raise InvalidParameter(
            f"Nodegroup version cannot go back from {group.record['version']} to {version}", nodegroupName=name
        )
    release = params.get("releaseVersion", versions.node_release(version))
    group.record["status"] = "UPDATING"

    def work() -> None:
        eks.wait()
        with eks.lock:
            group.record.update(version=version, releaseVersion=release, status="ACTIVE", modifiedAt=now())
            if "launchTemplate" in params:
                group.record["launchTemplate"] = params["launchTemplate"]

    told = {"Version": version, "ReleaseVersion": release}
    return start_update(eks, cluster, f"nodegroup/{name}", "VersionUpdate", told, work)


def update_nodegroup_config(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    group = cluster.nodegroup(params["nodegroupName"])
    name = _check_updatable(cluster, group)
    changed: Record = {}
    told: dict[str, Any] = {}
    if "scalingConfig" in params:
        changed["scalingConfig"] = _scaling(params["scalingConfig"], group.record["scalingConfig"])
        told |= {key[0].upper() + key[1:]: str(value) for key, value in params["scalingConfig"].items()}
    if "labels" in params:
        labels = {**group.record["labels"], **params["labels"].get("addOrUpdateLabels", {})}
        removed = params["labels"].get("removeLabels", [])
        changed["labels"] = {key: value for key, value in labels.items() if key not in removed}
        told |= {"LabelsToAdd": params["labels"].get("addOrUpdateLabels", {}), "LabelsToRemove": removed}
    if "taints" in params:
        changed["taints"] = _taints_after(group.record["taints"], params["taints"])
        told |= {
            "TaintsToAdd": params["taints"].get("addOrUpdateTaints", []),
            "TaintsToRemove": params["taints"].get("removeTaints", []),
        }
    for key, parameter in (("updateConfig", "MaxUnavailable"), ("nodeRepairConfig", "NodeRepairConfig")):
        if key in params:
            changed[key] = params[key]
            told[parameter] = params[key]
    if not changed:
        raise InvalidRequest("No update was provided.", clusterName=cluster.name, nodegroupName=name)
    before = dict(group.record)
    group.record.update(changed, status="UPDATING")

    def work() -> None:
        try:
            _apply_config(eks, cluster, group)
        except Exception:
            with eks.lock:
                group.record.update({key: before[key] for key in changed if key in before})
            raise
        finally:
            with eks.lock:
                group.record.update(status="ACTIVE", modifiedAt=now())

    return start_update(eks, cluster, f"nodegroup/{name}", "ConfigUpdate", told, work)


def _taints_after(before: list[Record], wanted: Record) -> list[Record]:
    """Return the updated taints. Key and effect identify a taint; its value may change."""
    taints = {(taint["key"], taint["effect"]): taint for taint in before}
    taints |= {(taint["key"], taint["effect"]): taint for taint in wanted.get("addOrUpdateTaints", [])}
    for taint in wanted.get("removeTaints", []):
        taints.pop((taint["key"], taint["effect"]), None)
    return list(taints.values())


def _apply_config(eks: Eks, cluster: Cluster, group: Nodegroup) -> None:
    """Apply the record to the nodes: start, remove, or update labels and taints."""
    desired, present = group.record["scalingConfig"]["desiredSize"], len(group.instance_ids)
    if desired == 0:
        _take_down(eks, cluster, group)
    elif present == 0:
        _bring_up(eks, cluster, group)
    else:
        with eks.lock:
            _places(eks, cluster, group)
            labels, taints = _node_labels(group), _node_taints(group)
            gone: dict[str, str | None] = dict.fromkeys(group.applied_labels.keys() - labels.keys())
            group.applied_labels = labels
        eks.kubernetes.label_nodes(eks.instance, cluster.name, {**gone, **labels}, taints)
