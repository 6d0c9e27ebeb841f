"""The supported Kubernetes and add-on versions.

Dates: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html. Add-on versions are real ones of
https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html, two for each Kubernetes version: enough for upgrades.
"""

from __future__ import annotations

from typing import Any

from flaskops_sandbox.account.eks.errors import InvalidParameter, ResourceNotFound
from flaskops_sandbox.account.eks.store import Eks, Record, day, page
from flaskops_sandbox.account.principals import Principal

DEFAULT_VERSION = "1.34"
PLATFORM_VERSIONS = {"1.33": "eks.20", "1.34": "eks.9"}
PATCH_VERSIONS = {"1.33": "1.33.5", "1.34": "1.34.2"}
NODE_RELEASE_DATE = "20251112"
_DATES = {
    "1.33": ("2025-05-29", "2026-07-29", "2027-07-29"),
    "1.34": ("2025-10-02", "2026-12-02", "2027-12-02"),
}
# add-on: (namespace, needs IAM permissions, {Kubernetes version: versions, newest first; the first is the default})
ADDONS: dict[str, tuple[str, bool, dict[str, list[str]]]] = {
    "vpc-cni": (
        "kube-system", True,
        {"1.33": ["v1.20.4-eksbuild.2", "v1.20.1-eksbuild.3"], "1.34": ["v1.20.4-eksbuild.2", "v1.20.2-eksbuild.1"]},
    ),
    "coredns": (
        "kube-system", False,
        {"1.33": ["v1.12.4-eksbuild.1", "v1.12.1-eksbuild.2"], "1.34": ["v1.12.4-eksbuild.1", "v1.12.3-eksbuild.1"]},
    ),
    "kube-proxy": (
        "kube-system", False,
        {"1.33": ["v1.33.5-eksbuild.2", "v1.33.3-eksbuild.6"], "1.34": ["v1.34.1-eksbuild.2", "v1.34.0-eksbuild.2"]},
    ),
    "eks-pod-identity-agent": (
        "kube-system", False,
        {"1.33": ["v1.3.10-eksbuild.1", "v1.3.9-eksbuild.3"], "1.34": ["v1.3.10-eksbuild.1", "v1.3.9-eksbuild.3"]},
    ),
    "metrics-server": (
        "kube-system", False,
        {"1.33": ["v0.8.0-eksbuild.3", "v0.8.0-eksbuild.2"], "1.34": ["v0.8.0-eksbuild.3", "v0.8.0-eksbuild.2"]},
    ),
    "aws-ebs-csi-driver": (
        "kube-system", True,
        {"1.33": ["v1.53.0-eksbuild.1", "v1.51.0-eksbuild.1"], "1.34": ["v1.53.0-eksbuild.1", "v1.51.0-eksbuild.1"]},
    ),
}  # fmt: skip


def check_version(version: str) -> None:
    """Raise InvalidParameterException for an unsupported Kubernetes version."""
    if version not in PLATFORM_VERSIONS:
        raise InvalidParameter(f"unsupported Kubernetes version: {version}; offered: {', '.join(PLATFORM_VERSIONS)}")


def minor(version: str) -> int:
    """1.34 -> 34."""
    return int(version.split(".")[1])


def node_release(version: str) -> str:
    """Return the node image release of a Kubernetes version, named as for Amazon Linux 2023."""
    return f"{PATCH_VERSIONS[version]}-{NODE_RELEASE_DATE}"


def addon_versions(addon: str, kubernetes_version: str) -> list[str]:
    """Return the versions of an add-on, newest first. Raise InvalidParameterException for an unknown add-on."""
    if addon not in ADDONS:
        raise InvalidParameter(f"Addon specified is not supported: {addon}", addonName=addon)
    return ADDONS[addon][2][kubernetes_version]


def describe_cluster_versions(_eks: Eks, params: Record, _caller: Principal) -> Record:
    wanted = params.get("clusterVersions") or list(reversed(PLATFORM_VERSIONS))
    versions: list[Record] = []
    for version in wanted:
        if version not in PLATFORM_VERSIONS:
            continue
        if params.get("defaultOnly") and version != DEFAULT_VERSION:
            continue
        released, standard, extended = _DATES[version]
        versions.append({
            "clusterVersion": version,
            "clusterType": "eks",
            "defaultPlatformVersion": PLATFORM_VERSIONS[version],
            "defaultVersion": version == DEFAULT_VERSION,
            "releaseDate": day(released),
            "endOfStandardSupportDate": day(standard),
            "endOfExtendedSupportDate": day(extended),
            "status": "standard-support",
            "versionStatus": "STANDARD_SUPPORT",
            "kubernetesPatchVersion": PATCH_VERSIONS[version],
        })  # fmt: skip
    status = params.get("versionStatus")
    return page([item for item in versions if status in (None, item["versionStatus"])], "clusterVersions", params)


def describe_addon_versions(_eks: Eks, params: Record, _caller: Principal) -> Record:
    name, kubernetes_version = params.get("addonName"), params.get("kubernetesVersion")
    if name and name not in ADDONS:
        raise ResourceNotFound(f"No addon versions found for {name}", addonName=name)
    if kubernetes_version:
        check_version(kubernetes_version)
    addons = [_addon_info(addon, kubernetes_version) for addon in ([name] if name else sorted(ADDONS))]
    return page(addons, "addons", params)


def _addon_info(addon: str, only: str | None) -> dict[str, Any]:
    namespace, needs_permissions, by_kubernetes = ADDONS[addon]
    infos: list[dict[str, Any]] = []
    for version in sorted({v for versions in by_kubernetes.values() for v in versions}, reverse=True):
        compatibilities = [
            {"clusterVersion": kubernetes, "platformVersions": ["*"], "defaultVersion": versions[0] == version}
            for kubernetes, versions in by_kubernetes.items()
            if version in versions and only in (None, kubernetes)
        ]
        if compatibilities:
            infos.append({
                "addonVersion": version,
                "architecture": ["amd64", "arm64"],
                "computeTypes": ["ec2"],
                "compatibilities": compatibilities,
                "requiresConfiguration": False,
                "requiresIamPermissions": needs_permissions,
            })  # fmt: skip
    return {
        "addonName": addon, "type": "networking" if addon in ("vpc-cni", "coredns", "kube-proxy") else "utility",
        "owner": "aws", "publisher": "eks", "defaultNamespace": namespace, "addonVersions": infos,
    }  # fmt: skip
