"""Pod identity associations: API state only. No agent delivers credentials in the sandbox (docs/sandbox.md)."""

from __future__ import annotations

import secrets
import string

from flaskops_sandbox.account.eks import network
from flaskops_sandbox.account.eks.clusters import check_active
from flaskops_sandbox.account.eks.errors import ResourceInUse, ResourceNotFound
from flaskops_sandbox.account.eks.store import Cluster, Eks, Record, now, page
from flaskops_sandbox.account.principals import Principal

TRUSTED = "pods.eks.amazonaws.com"
_SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")


def _find(cluster: Cluster, association_id: str) -> Record:
    if association_id not in cluster.associations:
        raise ResourceNotFound(f"The association {association_id} could not be found", clusterName=cluster.name)
    return cluster.associations[association_id]


def _create(eks: Eks, cluster: Cluster, params: Record) -> Record:
    namespace, account = params["namespace"], params["serviceAccount"]
    for other in cluster.associations.values():
        if (other["namespace"], other["serviceAccount"]) == (namespace, account):
            raise ResourceInUse(f"Association already exists: {other['associationId']}", clusterName=cluster.name)
    network.check_role(eks.instance, params["roleArn"], TRUSTED)
    alphabet = string.ascii_lowercase + string.digits
    association_id = "a-" + "".join(secrets.choice(alphabet) for _ in range(17))
    record: Record = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": account,
        "roleArn": params["roleArn"],
        "associationArn": eks.arn(f"podidentityassociation/{cluster.name}/{association_id}"),
        "associationId": association_id,
        "tags": dict(params.get("tags", {})),
        "createdAt": now(),
        "modifiedAt": now(),
        "disableSessionTags": params.get("disableSessionTags", False),
    }
    record |= {key: params[key] for key in ("targetRoleArn", "ownerArn", "policy") if params.get(key)}
    cluster.associations[association_id] = record
    return record


def create_pod_identity_association(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    check_active(cluster)
    return {"association": _create(eks, cluster, {key: params[key] for key in params if key != "ownerArn"})}


def describe_pod_identity_association(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"association": _find(eks.cluster(params["clusterName"]), params["associationId"])}


def list_pod_identity_associations(eks: Eks, params: Record, _caller: Principal) -> Record:
    found = [
        {key: record[key] for key in _SUMMARY if key in record}
        for record in eks.cluster(params["clusterName"]).associations.values()
        if params.get("namespace") in (None, record["namespace"])
        and params.get("serviceAccount") in (None, record["serviceAccount"])
    ]
    return page(found, "associations", params)


def update_pod_identity_association(eks: Eks, params: Record, _caller: Principal) -> Record:
    record = _find(eks.cluster(params["clusterName"]), params["associationId"])
    if "roleArn" in params:
        network.check_role(eks.instance, params["roleArn"], TRUSTED)
    record |= {
        key: params[key] for key in ("roleArn", "targetRoleArn", "disableSessionTags", "policy") if key in params
    }
    record["modifiedAt"] = now()
    return {"association": record}


def delete_pod_identity_association(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["clusterName"])
    record = _find(cluster, params["associationId"])
    del cluster.associations[params["associationId"]]
    return {"association": record}


def for_addon(eks: Eks, cluster: Cluster, addon: str, namespace: str, wanted: list[Record]) -> list[str]:
    """Create the associations of an add-on and return their ARNs."""
    return [
        _create(eks, cluster, {**item, "namespace": namespace, "ownerArn": eks.arn(f"addon/{cluster.name}/{addon}")})[
            "associationArn"
        ]
        for item in wanted
    ]


def drop_owned(cluster: Cluster, arns: list[str]) -> None:
    """Remove the associations of an add-on."""
    for association_id, record in list(cluster.associations.items()):
        if record["associationArn"] in arns:
            del cluster.associations[association_id]
