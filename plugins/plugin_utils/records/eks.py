# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of EKS modules."""

from __future__ import annotations

import typing as t

from .record import Info, Record, actions

_TAGS: t.Final = ("TagResource", "UntagResource")
_CHILD: t.Final = ("cluster_name", "name")
_READ_ENTRIES: t.Final = ("DescribeAccessEntry", "ListAccessEntries", "ListAssociatedAccessPolicies")
_READ_ASSOCIATIONS: t.Final = ("DescribePodIdentityAssociation", "ListPodIdentityAssociations")

RECORDS: t.Final = (
    Record(
        "flaskops.eks.eks_cluster",
        kind="EKS cluster",
        actions=actions(
            "eks",
            "AssociateEncryptionConfig",
            "CreateCluster",
            "DeleteCluster",
            "DescribeCluster",
            "DescribeUpdate",
            "ListNodegroups",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
            *_TAGS,
        ),
        identity=("name",),
        info=Info("flaskops.eks.eks_cluster_info", {"names": ["name"]}, "clusters", "name"),
        resource_type="eks:cluster",
    ),
    Record("flaskops.eks.eks_cluster_info", actions=actions("eks", "DescribeCluster", "ListClusters")),
    Record(
        "flaskops.eks.eks_nodegroup",
        kind="node group",
        actions=actions(
            "eks",
            "CreateNodegroup",
            "DeleteNodegroup",
            "DescribeNodegroup",
            "DescribeUpdate",
            "UpdateNodegroupConfig",
            "UpdateNodegroupVersion",
            *_TAGS,
        ),
        identity=_CHILD,
        info=Info(
            "flaskops.eks.eks_nodegroup_info",
            {"cluster_name": "cluster_name", "names": ["name"]},
            "nodegroups",
            "nodegroup_name",
        ),
        resource_type="eks:nodegroup",
    ),
    Record("flaskops.eks.eks_nodegroup_info", actions=actions("eks", "DescribeNodegroup", "ListNodegroups")),
    Record(
        "flaskops.eks.eks_addon",
        kind="add-on",
        actions=actions(
            "eks",
            "CreateAddon",
            "DeleteAddon",
            "DescribeAddon",
            "DescribePodIdentityAssociation",
            "DescribeUpdate",
            "UpdateAddon",
            *_TAGS,
        ),
        identity=_CHILD,
        info=Info(
            "flaskops.eks.eks_addon_info",
            {"cluster_name": "cluster_name", "names": ["name"]},
            "addons",
            "addon_name",
        ),
        resource_type="eks:addon",
    ),
    Record(
        "flaskops.eks.eks_addon_info",
        actions=actions("eks", "DescribeAddon", "DescribePodIdentityAssociation", "ListAddons"),
    ),
    Record(
        "flaskops.eks.eks_access_entry",
        kind="access entry",
        actions=actions(
            "eks",
            "AssociateAccessPolicy",
            "CreateAccessEntry",
            "DeleteAccessEntry",
            "DescribeAccessEntry",
            "DisassociateAccessPolicy",
            "ListAssociatedAccessPolicies",
            "UpdateAccessEntry",
            *_TAGS,
        ),
        identity=("cluster_name", "principal_arn"),
        info=Info(
            "flaskops.eks.eks_access_entry_info",
            {"cluster_name": "cluster_name", "principal_arns": ["principal_arn"]},
            "access_entries",
            "principal_arn",
        ),
        # An entry ends with its cluster, so it is listed by the cluster.
        listing=Info(
            "flaskops.eks.eks_access_entry_info", {"cluster_name": "cluster_name"}, "access_entries", "principal_arn"
        ),
    ),
    Record("flaskops.eks.eks_access_entry_info", actions=actions("eks", *_READ_ENTRIES)),
    Record(
        "flaskops.eks.eks_pod_identity_association",
        kind="pod identity association",
        actions=actions(
            "eks",
            *_READ_ASSOCIATIONS,
            "CreatePodIdentityAssociation",
            "DeletePodIdentityAssociation",
            "UpdatePodIdentityAssociation",
            *_TAGS,
        ),
        identity=("cluster_name", "namespace", "service_account"),
        info=Info(
            "flaskops.eks.eks_pod_identity_association_info",
            {"cluster_name": "cluster_name", "namespace": "namespace", "service_account": "service_account"},
            "associations",
            "association_id",
        ),
        resource_type="eks:podidentityassociation",
    ),
    Record("flaskops.eks.eks_pod_identity_association_info", actions=actions("eks", *_READ_ASSOCIATIONS)),
)
