# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of an EKS cluster: the wanted options, the comparison, the actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    REMOVE_AND_RUN_AGAIN,
    Action,
    Found,
    ResourceError,
    Wanted,
    failure,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.eks.cluster.actions import (
    AssociateEncryption,
    CreateCluster,
    DeleteCluster,
    UpdateAuthenticationMode,
    UpdateDeletionProtection,
    UpdateLogging,
    UpdateNetwork,
    UpdateSupportType,
    UpdateVersion,
)


def _names(values: list[str] | None) -> tuple[str, ...] | None:
    """Return an unordered list sorted; None stays None (not given)."""
    return None if values is None else tuple(sorted(set(values)))


@dataclass(frozen=True)
class WantedCluster(Wanted):
    name: str
    version: str | None = None
    role_arn: str | None = None
    subnet_ids: tuple[str, ...] | None = None
    security_group_ids: tuple[str, ...] | None = None
    endpoint_public_access: bool | None = None
    endpoint_private_access: bool | None = None
    public_access_cidrs: tuple[str, ...] | None = None
    log_types: tuple[str, ...] | None = None
    encryption_key_arn: str | None = None
    deletion_protection: bool | None = None
    authentication_mode: str | None = None
    support_type: str | None = None
    service_ipv4_cidr: str | None = None
    bootstrap_cluster_creator_admin_permissions: bool = False
    bootstrap_self_managed_addons: bool = False

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedCluster:
        lists = ("subnet_ids", "security_group_ids", "public_access_cidrs", "log_types")
        return super().from_params({**params, **{key: _names(params[key]) for key in lists}})


def cluster_view(found: dict[str, Any]) -> dict[str, Any]:
    """A description under the module's option names. Lists without order are sorted."""
    network = found.get("resources_vpc_config") or {}
    logging = (found.get("logging") or {}).get("cluster_logging") or []
    encryption = found.get("encryption_config") or []
    return {
        "name": found.get("name"),
        "version": found.get("version"),
        "role_arn": found.get("role_arn"),
        "subnet_ids": sorted(network.get("subnet_ids") or []),
        "security_group_ids": sorted(network.get("security_group_ids") or []),
        "endpoint_public_access": network.get("endpoint_public_access", True),
        "endpoint_private_access": network.get("endpoint_private_access", False),
        "public_access_cidrs": sorted(network.get("public_access_cidrs") or []),
        "log_types": sorted(kind for entry in logging if entry.get("enabled") for kind in entry.get("types") or []),
        "encryption_key_arn": (encryption[0].get("provider") or {}).get("key_arn") if encryption else None,
        "deletion_protection": bool(found.get("deletion_protection")),
        "authentication_mode": (found.get("access_config") or {}).get("authentication_mode"),
        "support_type": (found.get("upgrade_policy") or {}).get("support_type"),
        "tags": found.get("tags") or {},
    }


def minor(version: str) -> tuple[int, int]:
    """ "1.33" as (1, 33). Raises ResourceError for anything else."""
    parts = version.split(".")
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise ResourceError(f"version must be a Kubernetes minor like '1.33', not '{version}'")
    return int(parts[0]), int(parts[1])


def creation(wanted: WantedCluster) -> CreateCluster:
    """The create call. Raises ResourceError when something that only the user can know is missing."""
    missing = [option for option in ("role_arn", "subnet_ids") if not getattr(wanted, option)]
    if missing:
        raise ResourceError(f"EKS cluster {wanted.name} does not exist; to create it give {' and '.join(missing)}")
    network = {
        "subnetIds": list(wanted.subnet_ids or ()),
        "securityGroupIds": None if wanted.security_group_ids is None else list(wanted.security_group_ids),
        "endpointPublicAccess": wanted.endpoint_public_access,
        "endpointPrivateAccess": wanted.endpoint_private_access,
        "publicAccessCidrs": None if wanted.public_access_cidrs is None else list(wanted.public_access_cidrs),
    }
    parameters: dict[str, Any] = {
        "version": wanted.version,
        "roleArn": wanted.role_arn,
        "resourcesVpcConfig": {key: value for key, value in network.items() if value is not None},
        "accessConfig": {
            "authenticationMode": wanted.authentication_mode or "API",
            "bootstrapClusterCreatorAdminPermissions": wanted.bootstrap_cluster_creator_admin_permissions,
        },
        "bootstrapSelfManagedAddons": wanted.bootstrap_self_managed_addons,
        "deletionProtection": wanted.deletion_protection,
        "tags": wanted.tags,
    }
    if wanted.log_types:
        parameters["logging"] = {"clusterLogging": [{"types": list(wanted.log_types), "enabled": True}]}
    if wanted.encryption_key_arn:
        parameters["encryptionConfig"] = [{"resources": ["secrets"], "provider": {"keyArn": wanted.encryption_key_arn}}]
    if wanted.support_type:
        parameters["upgradePolicy"] = {"supportType": wanted.support_type}
    if wanted.service_ipv4_cidr:
        parameters["kubernetesNetworkConfig"] = {"serviceIpv4Cidr": wanted.service_ipv4_cidr}
    return CreateCluster(wanted.name, {key: value for key, value in parameters.items() if value is not None})


def plan_absent(wanted: WantedCluster, found: Found) -> list[Action]:
    if found is None:
        return []
    actions: list[Action] = []
    if found.get("deletion_protection"):
        if wanted.deletion_protection is not False:
            raise ResourceError(
                f"EKS cluster {wanted.name} is protected from deletion. To delete it, "
                "give deletion_protection: false together with state: absent."
            )
        actions.append(UpdateDeletionProtection("deletion_protection", False))
    return [*actions, DeleteCluster(wanted.name)]


def refuse_impossible(wanted: WantedCluster, current: dict[str, Any], found: dict[str, Any]) -> None:
    """Raise ResourceError for what EKS cannot change on a living cluster."""
    network = found.get("kubernetes_network_config") or {}
    pairs = (
        ("role_arn", wanted.role_arn, current["role_arn"]),
        ("service_ipv4_cidr", wanted.service_ipv4_cidr, network.get("service_ipv4_cidr")),
        ("encryption_key_arn", wanted.encryption_key_arn, current["encryption_key_arn"]),
    )
    fixed = [
        f"{name} (is {is_now}, wanted {want})"
        for name, want, is_now in pairs
        if want is not None and is_now is not None and want != is_now
    ]
    if fixed:
        raise ResourceError(
            f"EKS cluster {wanted.name}: EKS cannot change {' and '.join(fixed)} of an existing cluster. "
            "Keep the present value, or make a new cluster under another name and move the workloads."
        )


def plan_version(wanted: WantedCluster, current: dict[str, Any]) -> list[Action]:
    """One minor up or nothing. https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html"""
    if wanted.version is None or not current["version"]:
        return []
    want, have = minor(wanted.version), minor(current["version"])
    if want == have:
        return []
    if want < have:
        raise ResourceError(
            f"EKS cluster {wanted.name} runs Kubernetes {current['version']}; it cannot go down to "
            f"{wanted.version}. Set version to {current['version']}."
        )
    following = f"{have[0]}.{have[1] + 1}"
    if wanted.version != following:
        raise ResourceError(
            f"EKS cluster {wanted.name} runs Kubernetes {current['version']}; EKS goes up one minor at a time. "
            f"Set version to {following} first, upgrade the nodes and add-ons, then go on to {wanted.version}."
        )
    return [UpdateVersion(current["version"], wanted.version)]


def plan_access_mode(wanted: WantedCluster, current: dict[str, Any]) -> list[Action]:
    """From aws-auth to access entries in the two steps that EKS demands; never back."""
    order = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
    have = current["authentication_mode"]
    if wanted.authentication_mode is None or have not in order:
        return []
    start, end = order.index(have), order.index(wanted.authentication_mode)
    if end < start:
        raise ResourceError(
            f"EKS cluster {wanted.name}: the authentication mode cannot go back from {have} "
            f"to {wanted.authentication_mode}."
        )
    return [UpdateAuthenticationMode("authentication_mode", mode) for mode in order[start + 1 : end + 1]]


def _network_update(wanted: WantedCluster, current: dict[str, Any], field: str, names: dict[str, str]) -> list[Action]:
    """An UpdateNetwork of the mentioned options among `names` (option -> AWS's name) if any of them differs."""
    value, differs = {}, False
    for option, name in names.items():
        want = getattr(wanted, option)
        if want is None:
            continue
        want = list(want) if isinstance(want, tuple) else want
        differs = differs or want != current[option]
        value[name] = want
    return [UpdateNetwork(field, value)] if differs else []


def plan(wanted: WantedCluster, found: Found) -> list[Action]:
    """The actions from found to wanted, in the order in which they are safe."""
    if wanted.state == "absent":
        return plan_absent(wanted, found)
    if wanted.version is not None:
        minor(wanted.version)
    if found is None:
        return [creation(wanted)]
    if found.get("status") == "FAILED":
        if wanted == WantedCluster(wanted.name):
            return []  # the cluster is only read, for example to remove it
        raise failure(f"EKS cluster {wanted.name}", found, REMOVE_AND_RUN_AGAIN)
    current = cluster_view(found)
    refuse_impossible(wanted, current, found)
    actions = plan_tags(wanted, current)
    if wanted.deletion_protection is not None and wanted.deletion_protection != current["deletion_protection"]:
        actions.append(UpdateDeletionProtection("deletion_protection", wanted.deletion_protection))
    if wanted.log_types is not None and list(wanted.log_types) != current["log_types"]:
        actions.append(UpdateLogging("log_types", wanted.log_types))
    # without public access EKS ignores and empties the ranges: comparing them would never end
    wants_public = wanted.endpoint_public_access
    public = current["endpoint_public_access"] if wants_public is None else wants_public
    endpoint = {"endpoint_public_access": "endpointPublicAccess", "endpoint_private_access": "endpointPrivateAccess"}
    if public:
        endpoint["public_access_cidrs"] = "publicAccessCidrs"
    actions += _network_update(wanted, current, "endpoint_access", endpoint)
    actions += _network_update(
        wanted,
        current,
        "subnets_and_security_groups",
        {"subnet_ids": "subnetIds", "security_group_ids": "securityGroupIds"},
    )
    if wanted.encryption_key_arn and current["encryption_key_arn"] is None:
        actions.append(AssociateEncryption(wanted.encryption_key_arn))
    if wanted.support_type is not None and wanted.support_type != current["support_type"]:
        actions.append(UpdateSupportType("support_type", wanted.support_type))
    actions += plan_access_mode(wanted, current)
    return actions + plan_version(wanted, current)
