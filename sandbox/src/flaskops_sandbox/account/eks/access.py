"""Access entries and their access policies.

https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

from __future__ import annotations

import re

from flaskops_sandbox.account.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceNotFound
from flaskops_sandbox.account.eks.store import AccessEntry, Cluster, Eks, Record, new_id, now, page
from flaskops_sandbox.account.principals import Principal

POLICY_PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
CLUSTER_ADMIN = POLICY_PREFIX + "AmazonEKSClusterAdminPolicy"
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
POLICIES = (
    "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy", "AmazonEKSSecretReaderPolicy",
)  # fmt: skip
TYPES = ("STANDARD", "EC2_LINUX")
NODE_USERNAME = "system:node:{{EC2PrivateDNSName}}"
_PRINCIPAL = re.compile(r"^arn:aws:iam::(\d{12}):(user|role)/(?:.*/)?([^/]+)$")


def _cluster(eks: Eks, name: str) -> Cluster:
    cluster = eks.cluster(name)
    if cluster.record["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        raise InvalidRequest(
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this "
            "operation.",
            clusterName=name,
        )
    return cluster


def _find(cluster: Cluster, principal_arn: str) -> AccessEntry:
    if principal_arn not in cluster.access_entries:
        raise ResourceNotFound(
            f"The specified principalArn could not be found: {principal_arn}", clusterName=cluster.name
        )
    return cluster.access_entries[principal_arn]


def default_username(principal_arn: str) -> str:
    """Return the default user name of EKS: the ARN, for roles followed by the session name."""
    match = _PRINCIPAL.match(principal_arn)
    if match is None:
        raise InvalidParameter(f"The principalArn parameter format is not valid: {principal_arn}")
    account, kind, name = match.groups()
    return principal_arn if kind == "user" else f"arn:aws:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}"


def _new_entry(
    eks: Eks, cluster: Cluster, principal_arn: str, kind: str, username: str, groups: list[str], tags: Record
) -> AccessEntry:
    default_username(principal_arn)  # validates the ARN
    _, _, _, _, account, resource = principal_arn.split(":", 5)
    return AccessEntry({
        "clusterName": cluster.name,
        "principalArn": principal_arn,
        "kubernetesGroups": groups,
        "accessEntryArn": eks.arn(
            f"access-entry/{cluster.name}/{resource.split('/')[0]}/{account}/{resource.rsplit('/', 1)[-1]}/{new_id()}"
        ),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": dict(tags),
        "username": username,
        "type": kind,
    })  # fmt: skip


def bootstrap_creator(eks: Eks, cluster: Cluster, caller: Principal) -> None:
    """Make the creator a cluster administrator, as EKS does by default."""
    entry = _new_entry(eks, cluster, caller.arn, "STANDARD", default_username(caller.arn), [], {})
    entry.policies[CLUSTER_ADMIN] = _policy(CLUSTER_ADMIN, {"type": "cluster", "namespaces": []})
    cluster.access_entries[caller.arn] = entry


def ensure_node_entry(eks: Eks, cluster: Cluster, role_arn: str) -> None:
    """Create the access entry for nodes of managed node groups, as EKS does automatically."""
    if cluster.record["accessConfig"]["authenticationMode"] != "CONFIG_MAP" and role_arn not in cluster.access_entries:
        cluster.access_entries[role_arn] = _new_entry(
            eks, cluster, role_arn, "EC2_LINUX", NODE_USERNAME, ["system:nodes"], {}
        )


def _check_names(cluster: Cluster, username: str | None, groups: list[str]) -> None:
    for name in [*groups, *([username] if username else [])]:
        if name.startswith(("system:", "eks:", "aws:", "amazon:", "iam:")):
            raise InvalidParameter(
                f"The name {name} must not begin with system:, eks:, aws:, amazon: or iam:", clusterName=cluster.name
            )


def create_access_entry(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    principal_arn, kind = params["principalArn"], params.get("type", "STANDARD")
    if principal_arn in cluster.access_entries:
        raise ResourceInUse(
            "The specified access entry resource is already in use on this cluster.", clusterName=cluster.name
        )
    if kind not in TYPES:
        raise InvalidParameter(f"The sandbox knows access entry types {', '.join(TYPES)}, not {kind}")
    username, groups = params.get("username"), params.get("kubernetesGroups", [])
    _check_names(cluster, username, groups)
    if kind == "EC2_LINUX":
        if groups or username:
            raise InvalidParameter(f"An entry of type {kind} takes neither kubernetesGroups nor username")
        username, groups = NODE_USERNAME, ["system:nodes"]
    username = username or default_username(principal_arn)
    entry = _new_entry(eks, cluster, principal_arn, kind, username, groups, params.get("tags", {}))
    cluster.access_entries[principal_arn] = entry
    return {"accessEntry": entry.record}


def describe_access_entry(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"accessEntry": _find(_cluster(eks, params["clusterName"]), params["principalArn"]).record}


def list_access_entries(eks: Eks, params: Record, _caller: Principal) -> Record:
    entries = _cluster(eks, params["clusterName"]).access_entries
    policy = params.get("associatedPolicyArn")
    return page([arn for arn, entry in entries.items() if policy in (None, *entry.policies)], "accessEntries", params)


def update_access_entry(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    entry = _find(cluster, params["principalArn"])
    if entry.record["type"] != "STANDARD":
        raise InvalidRequest(f"An entry of type {entry.record['type']} cannot be updated", clusterName=cluster.name)
    _check_names(cluster, params.get("username"), params.get("kubernetesGroups", []))
    entry.record |= {key: params[key] for key in ("kubernetesGroups", "username") if key in params}
    entry.record["modifiedAt"] = now()
    return {"accessEntry": entry.record}


def delete_access_entry(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    _find(cluster, params["principalArn"])
    del cluster.access_entries[params["principalArn"]]
    return {}


def _policy(policy_arn: str, scope: Record) -> Record:
    return {
        "policyArn": policy_arn,
        "accessScope": {"type": scope["type"], "namespaces": scope.get("namespaces", [])},
        "associatedAt": now(),
        "modifiedAt": now(),
    }


def associate_access_policy(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    entry = _find(cluster, params["principalArn"])
    policy_arn, scope = params["policyArn"], params["accessScope"]
    if policy_arn.removeprefix(POLICY_PREFIX) not in POLICIES:
        raise ResourceNotFound(f"The policyArn parameter value is not valid: {policy_arn}", clusterName=cluster.name)
    if entry.record["type"] != "STANDARD":
        raise InvalidRequest(f"Policies cannot be associated with an entry of type {entry.record['type']}")
    if (scope.get("type") == "namespace") != bool(scope.get("namespaces")):
        raise InvalidParameter("accessScope of type namespace needs namespaces, and only it takes them")
    policy = _policy(policy_arn, scope)
    if policy_arn in entry.policies:
        policy["associatedAt"] = entry.policies[policy_arn]["associatedAt"]
    entry.policies[policy_arn] = policy
    return {
        "clusterName": cluster.name,
        "principalArn": params["principalArn"],
        "associatedAccessPolicy": policy,
    }


def disassociate_access_policy(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    entry = _find(cluster, params["principalArn"])
    if entry.policies.pop(params["policyArn"], None) is None:
        raise ResourceNotFound(
            f"The policy {params['policyArn']} is not associated with {params['principalArn']}",
            clusterName=cluster.name,
        )
    return {}


def list_associated_access_policies(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = _cluster(eks, params["clusterName"])
    entry = _find(cluster, params["principalArn"])
    answer = page(list(entry.policies.values()), "associatedAccessPolicies", params)
    return answer | {"clusterName": cluster.name, "principalArn": params["principalArn"]}


def list_access_policies(_eks: Eks, params: Record, _caller: Principal) -> Record:
    return page([{"name": name, "arn": POLICY_PREFIX + name} for name in POLICIES], "accessPolicies", params)
