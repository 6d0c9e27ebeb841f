"""Add-ons: API state only. The running components are those of kind (docs/sandbox.md)."""

from __future__ import annotations

import json

from flaskops_sandbox.account.eks import identity, versions
from flaskops_sandbox.account.eks.clusters import check_active
from flaskops_sandbox.account.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from flaskops_sandbox.account.eks.store import Cluster, Eks, Record, new_id, now, page
from flaskops_sandbox.account.eks.updates import check_free, start_update
from flaskops_sandbox.account.principals import Principal


def _find(cluster: Cluster, name: str) -> Record:
    if name not in cluster.addons:
        raise ResourceNotFound(f"No addon: {name} found in cluster: {cluster.name}", clusterName=cluster.name)
    return cluster.addons[name]


def _check_version(cluster: Cluster, name: str, version: str) -> None:
    if version not in versions.addon_versions(name, cluster.record["version"]):
        raise InvalidParameter(
            f"Addon version specified is not supported: {version} of {name} for Kubernetes {cluster.record['version']}",
            clusterName=cluster.name,
            addonName=name,
        )


def _check_configuration(cluster: Cluster, name: str, text: str | None) -> None:
    """Require JSON. EKS also accepts YAML, which includes JSON."""
    try:
        parsed = json.loads(text) if text else {}
    except ValueError as error:
        raise InvalidParameter(f"ConfigurationValue is not in JSON: {error}", addonName=name) from error
    if not isinstance(parsed, dict):
        raise InvalidParameter("ConfigurationValue must be an object", clusterName=cluster.name, addonName=name)


def create_addon(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    name = params["addonName"]
    check_active(cluster)
    check_free(cluster)
    offered = versions.addon_versions(name, cluster.record["version"])
    if name in cluster.addons:
        raise ResourceInUse("Addon already exists.", clusterName=cluster.name, addonName=name)
    version = params.get("addonVersion", offered[0])
    _check_version(cluster, name, version)
    _check_configuration(cluster, name, params.get("configurationValues"))
    addon: Record = {
        "addonName": name,
        "clusterName": cluster.name,
        "status": "CREATING",
        "addonVersion": version,
        "health": {"issues": []},
        "addonArn": eks.arn(f"addon/{cluster.name}/{name}/{new_id()}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": dict(params.get("tags", {})),
        "podIdentityAssociations": identity.for_addon(
            eks, cluster, name, versions.ADDONS[name][0], params.get("podIdentityAssociations", [])
        ),
    }
    addon |= {key: params[key] for key in ("serviceAccountRoleArn", "configurationValues") if params.get(key)}
    cluster.addons[name] = addon

    def work() -> None:
        eks.wait()
        with eks.lock:
            addon["status"] = "ACTIVE"

    eks.later(work)
    return {"addon": addon}


def describe_addon(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"addon": _find(eks.cluster(params["clusterName"]), params["addonName"])}


def list_addons(eks: Eks, params: Record, _caller: Principal) -> Record:
    return page(sorted(eks.cluster(params["clusterName"]).addons), "addons", params)


def update_addon(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    name = params["addonName"]
    addon = _find(cluster, name)
    check_free(cluster, f"addon/{name}")
    if addon["status"] not in ("ACTIVE", "DEGRADED", "UPDATE_FAILED"):
        raise ResourceInUse(f"Addon {name} is {addon['status']}", clusterName=cluster.name, addonName=name)
    version = str(params.get("addonVersion") or addon["addonVersion"])
    if version != addon["addonVersion"]:
        _check_version(cluster, name, version)
    _check_configuration(cluster, name, params.get("configurationValues"))
    changed: Record = {"addonVersion": version}
    changed |= {key: params[key] for key in ("serviceAccountRoleArn", "configurationValues") if key in params}
    associations = params.get("podIdentityAssociations")
    addon["status"] = "UPDATING"

    def work() -> None:
        eks.wait()
        with eks.lock:
            if associations is not None:
                identity.drop_owned(cluster, addon["podIdentityAssociations"])
                changed["podIdentityAssociations"] = identity.for_addon(
                    eks, cluster, name, versions.ADDONS[name][0], associations
                )
            addon.update(changed, status="ACTIVE", modifiedAt=now())

    told = {"AddonVersion": version} | {
        key[0].upper() + key[1:]: params[key]
        for key in ("serviceAccountRoleArn", "resolveConflicts", "configurationValues", "podIdentityAssociations")
        if key in params
    }
    return start_update(eks, cluster, f"addon/{name}", "AddonUpdate", told, work)


def delete_addon(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    name = params["addonName"]
    addon = _find(cluster, name)
    check_free(cluster, f"addon/{name}")
    addon["status"] = "DELETING"
    answer = {"addon": dict(addon)}

    def work() -> None:
        eks.wait()
        with eks.lock:
            identity.drop_owned(cluster, addon["podIdentityAssociations"])
            cluster.addons.pop(name, None)

    eks.later(work)
    return answer
