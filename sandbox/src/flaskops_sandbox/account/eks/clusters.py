"""Clusters: create, describe, update, delete. The rules are those of
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html and related operations.

A version update changes API state only; the running Kubernetes stays the same.
"""

from __future__ import annotations

import secrets
from typing import Any

from flaskops_sandbox.account.eks import access, network, versions
from flaskops_sandbox.account.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse
from flaskops_sandbox.account.eks.store import Cluster, Eks, Record, new_instance_id, now, page
from flaskops_sandbox.account.eks.updates import check_free, start_update
from flaskops_sandbox.account.principals import Principal

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
WORKERS = 2  # one per zone
SKEW = 3  # https://kubernetes.io/releases/version-skew-policy/: a kubelet may be three minor versions older


def create_cluster(eks: Eks, params: Record, caller: Principal) -> Record:
    name = params["name"]
    existing = eks.clusters.get(name)
    if existing is not None:
        token = params.get("clientRequestToken")
        if token and existing.record.get("clientRequestToken") == token:
            return {"cluster": existing.record}
        raise ResourceInUse(f"Cluster already exists with name: {name}", clusterName=name)
    version = params.get("version", versions.DEFAULT_VERSION)
    versions.check_version(version)
    vpc_config = params["resourcesVpcConfig"]
    network.check_role(eks.instance, params["roleArn"], "eks.amazonaws.com")
    network.check_security_groups(eks.instance, vpc_config.get("securityGroupIds", []))
    subnets = network.subnets(eks.instance, vpc_config.get("subnetIds", []))
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < 2:
        raise InvalidParameter("Subnets specified must be in at least two different AZs", clusterName=name)
    cluster = _new_cluster(eks, params, version, subnets[0].vpc_id, zones[:WORKERS])
    eks.clusters[name] = cluster
    if params.get("accessConfig", {}).get("bootstrapClusterCreatorAdminPermissions", True):
        access.bootstrap_creator(eks, cluster, caller)
    eks.later(lambda: _start(eks, cluster))
    return {"cluster": cluster.record}


def _new_cluster(eks: Eks, params: Record, version: str, vpc_id: str, zones: list[str]) -> Cluster:
    name, instance = params["name"], eks.instance
    service_range = params.get("kubernetesNetworkConfig", {}).get("serviceIpv4Cidr", instance.service_cidr)
    if service_range != instance.service_cidr:
        raise InvalidParameter(
            f"The sandbox's service range is {instance.service_cidr}; it cannot be {service_range}", clusterName=name
        )
    access_config = params.get("accessConfig", {})
    group_id = network.create_cluster_security_group(instance, name, vpc_id)
    vpc_config = params["resourcesVpcConfig"]
    record: Record = {
        "name": name,
        "arn": eks.arn(f"cluster/{name}"),
        "createdAt": now(),
        "version": version,
        "roleArn": params["roleArn"],
        "resourcesVpcConfig": {
            "subnetIds": vpc_config["subnetIds"],
            "securityGroupIds": vpc_config.get("securityGroupIds", []),
            "clusterSecurityGroupId": group_id,
            "vpcId": vpc_id,
            "endpointPublicAccess": vpc_config.get("endpointPublicAccess", True),
            "endpointPrivateAccess": vpc_config.get("endpointPrivateAccess", False),
            "publicAccessCidrs": vpc_config.get("publicAccessCidrs") or ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": service_range,
            "ipFamily": "ipv4",
            "elasticLoadBalancing": {"enabled": False},
        },
        "logging": {"clusterLogging": _logging(params.get("logging", {}))},
        "identity": {
            "oidc": {"issuer": f"https://oidc.eks.{instance.region}.amazonaws.com/id/{secrets.token_hex(16).upper()}"}
        },
        "status": "CREATING",
        "certificateAuthority": {},
        "platformVersion": versions.PLATFORM_VERSIONS[version],
        "tags": dict(params.get("tags", {})),
        "encryptionConfig": params.get("encryptionConfig", []),
        "health": {"issues": []},
        "accessConfig": {
            "authenticationMode": access_config.get("authenticationMode", "CONFIG_MAP"),
            "bootstrapClusterCreatorAdminPermissions": access_config.get(
                "bootstrapClusterCreatorAdminPermissions", True
            ),
        },
        "upgradePolicy": {"supportType": params.get("upgradePolicy", {}).get("supportType", "EXTENDED")},
        "deletionProtection": params.get("deletionProtection", False),
    }
    if params.get("clientRequestToken"):
        record["clientRequestToken"] = params["clientRequestToken"]
    return Cluster(
        record=record,
        vpc_id=vpc_id,
        reserved_instance_ids={zone: new_instance_id() for zone in zones},
        interface_ids=network.create_control_plane_interfaces(instance, name, vpc_config["subnetIds"], group_id),
    )


def _logging(wanted: Record, before: list[Record] | None = None) -> list[Record]:
    """Return enabled and disabled log types, each type in exactly one of the two lists, as EKS does."""
    enabled = {kind for setup in before or [] if setup["enabled"] for kind in setup["types"]}
    for setup in wanted.get("clusterLogging", []):
        kinds = set(setup.get("types", []))
        enabled = enabled | kinds if setup.get("enabled") else enabled - kinds
    setups = [
        {"types": [kind for kind in LOG_TYPES if kind in enabled], "enabled": True},
        {"types": [kind for kind in LOG_TYPES if kind not in enabled], "enabled": False},
    ]
    return [setup for setup in setups if setup["types"]]


def _start(eks: Eks, cluster: Cluster) -> None:
    try:
        info = eks.kubernetes.create(
            eks.instance, cluster.name, cluster.record["version"], dict(cluster.reserved_instance_ids)
        )
    except Exception as error:  # noqa: BLE001 - report every cause in the cluster's health
        with eks.lock:
            cluster.record["status"] = "FAILED"
            cluster.record["health"]["issues"] = [{"code": "InternalFailure", "message": str(error), "resourceIds": []}]
        return
    with eks.lock:
        cluster.record["endpoint"] = info.endpoint
        cluster.record["certificateAuthority"] = {"data": info.certificate_authority_data}
        cluster.record["status"] = "ACTIVE"


def describe_cluster(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"cluster": eks.cluster(params["name"]).record}


def list_clusters(eks: Eks, params: Record, _caller: Principal) -> Record:
    return page(sorted(eks.clusters), "clusters", params)


def delete_cluster(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["name"])
    if cluster.record["deletionProtection"]:
        raise InvalidRequest(f"Cluster {cluster.name} has deletion protection enabled", clusterName=cluster.name)
    if cluster.nodegroups:
        raise ResourceInUse("Cluster has nodegroups attached", clusterName=cluster.name)
    if cluster.record["status"] not in ("ACTIVE", "FAILED"):
        raise ResourceInUse(
            f"Cannot delete because cluster {cluster.name} is {cluster.record['status']}", clusterName=cluster.name
        )
    check_free(cluster)
    cluster.record["status"] = "DELETING"
    answer = {"cluster": dict(cluster.record)}
    eks.later(lambda: _remove(eks, cluster))
    return answer


def _remove(eks: Eks, cluster: Cluster) -> None:
    try:
        eks.kubernetes.delete(eks.instance, cluster.name)
    except Exception as error:  # noqa: BLE001 - report every cause in the cluster's health
        with eks.lock:
            cluster.record["status"] = "FAILED"
            cluster.record["health"]["issues"] = [{"code": "InternalFailure", "message": str(error), "resourceIds": []}]
        return
    with eks.lock:
        network.delete_cluster_network(eks.instance, cluster.interface_ids, cluster.security_group_id)
        del eks.clusters[cluster.name]


def check_active(cluster: Cluster) -> None:
    """Raise InvalidRequestException unless the cluster is ACTIVE."""
    if cluster.record["status"] not in ("ACTIVE", "UPDATING"):
        raise InvalidRequest(f"Cluster '{cluster.name}' is not in ACTIVE status", clusterName=cluster.name)


def update_cluster_version(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["name"])
    check_active(cluster)
    check_free(cluster)
    before, wanted = cluster.record["version"], params["version"]
    if wanted not in versions.PLATFORM_VERSIONS or versions.minor(wanted) != versions.minor(before) + 1:
        raise InvalidParameter(
            f"Unsupported Kubernetes minor version update from {before} to {wanted}", clusterName=cluster.name
        )
    for name, group in cluster.nodegroups.items():
        if versions.minor(wanted) - versions.minor(group.record["version"]) > SKEW:
            raise InvalidRequest(
                f"Nodegroup {name} of version {group.record['version']} would be too old for version {wanted}",
                clusterName=cluster.name,
            )
    cluster.record["status"] = "UPDATING"

    def work() -> None:
        eks.wait()
        with eks.lock:
            cluster.record.update(version=wanted, platformVersion=versions.PLATFORM_VERSIONS[wanted], status="ACTIVE")

    params_told = {"Version": wanted, "PlatformVersion": versions.PLATFORM_VERSIONS[wanted]}
    return start_update(eks, cluster, "", "VersionUpdate", params_told, work)


def update_cluster_config(eks: Eks, params: Record, _caller: Principal) -> Record:
    cluster = eks.cluster(params["name"])
    check_active(cluster)
    check_free(cluster)
    kinds = [
        change
        for change in (
            _vpc_change(eks, cluster, params.get("resourcesVpcConfig")),
            _plain_change(cluster, "LoggingUpdate", "ClusterLogging", params.get("logging")),
            _plain_change(cluster, "AccessConfigUpdate", "AuthenticationMode", params.get("accessConfig")),
            _plain_change(cluster, "UpgradePolicyUpdate", "UpgradePolicy", params.get("upgradePolicy")),
            _plain_change(cluster, "DeletionProtectionUpdate", "DeletionProtection", params.get("deletionProtection")),
        )
        if change is not None
    ]
    if len(kinds) != 1:
        raise InvalidParameter(
            "Only one type of update can be allowed." if kinds else "No update was provided.", clusterName=cluster.name
        )
    kind, told, changed = kinds[0]
    cluster.record["status"] = "UPDATING"

    def work() -> None:
        eks.wait()
        with eks.lock:
            cluster.record.update(changed)
            cluster.record["status"] = "ACTIVE"

    return start_update(eks, cluster, "", kind, told, work)


Change = tuple[str, dict[str, Any], Record]


def _vpc_change(eks: Eks, cluster: Cluster, wanted: Record | None) -> Change | None:
    if wanted is None:
        return None
    where = {"subnetIds": "Subnets", "securityGroupIds": "SecurityGroups"}
    access_names = {
        "endpointPublicAccess": "EndpointPublicAccess",
        "endpointPrivateAccess": "EndpointPrivateAccess",
        "publicAccessCidrs": "PublicAccessCidrs",
    }
    if set(wanted) & set(where) and set(wanted) & set(access_names):
        raise InvalidParameter("Only one type of update can be allowed.", clusterName=cluster.name)
    before = cluster.record["resourcesVpcConfig"]
    after = {**before, **wanted}
    if after == before:
        raise InvalidParameter(
            "Cluster is already at the desired configuration with "
            f"endpointPrivateAccess: {before['endpointPrivateAccess']} , "
            f"endpointPublicAccess: {before['endpointPublicAccess']}, "
            f"and Public Endpoint Restrictions: {before['publicAccessCidrs']}",
            clusterName=cluster.name,
        )
    if not after["endpointPublicAccess"] and not after["endpointPrivateAccess"]:
        raise InvalidParameter("Private and public endpoint access cannot both be false", clusterName=cluster.name)
    if "subnetIds" in wanted:
        network.subnets(eks.instance, wanted["subnetIds"])
    network.check_security_groups(eks.instance, wanted.get("securityGroupIds", []))
    told = {(where | access_names)[name]: value for name, value in wanted.items() if name in where | access_names}
    kind = "VpcConfigUpdate" if set(wanted) & set(where) else "EndpointAccessUpdate"
    return kind, told, {"resourcesVpcConfig": after}


def _plain_change(cluster: Cluster, kind: str, parameter: str, wanted: Any) -> Change | None:
    """Return the change of one member of the cluster record."""
    if wanted is None:
        return None
    record = cluster.record
    if kind == "LoggingUpdate":
        member, after = "logging", {"clusterLogging": _logging(wanted, record["logging"]["clusterLogging"])}
    elif kind == "AccessConfigUpdate":
        member, after = "accessConfig", {**record["accessConfig"], **wanted}
        modes = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
        before_mode = record["accessConfig"]["authenticationMode"]
        if modes.index(after["authenticationMode"]) < modes.index(before_mode):
            raise InvalidParameter(
                f"Unsupported authentication mode update from {before_mode} to {after['authenticationMode']}",
                clusterName=cluster.name,
            )
    elif kind == "UpgradePolicyUpdate":
        member, after = "upgradePolicy", dict(wanted)
    else:
        member, after = "deletionProtection", wanted
    if record[member] == after:
        raise InvalidParameter(f"No changes needed for the {member} config provided", clusterName=cluster.name)
    return kind, {parameter: after}, {member: after}
