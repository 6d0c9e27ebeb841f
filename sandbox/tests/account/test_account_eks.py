"""The EKS API with boto3: rejections, effects on EC2 and Kubernetes, and states."""

from __future__ import annotations

from typing import Any

import pytest
from account_fakes import Network, Running, code_of, create_cluster, eventually
from botocore.exceptions import ClientError

NODE_ROLE = "arn:aws:iam::123456789012:role/node"


def add_nodegroup(running: Running, network: Network, name: str = "a", **overrides: Any) -> dict[str, Any]:
    eks = running.client("eks")
    if not running.account.eks.clusters["dev"].nodegroups:
        running.role("node", "ec2.amazonaws.com")
    wanted = {
        "clusterName": "dev",
        "nodegroupName": name,
        "nodeRole": NODE_ROLE,
        "subnets": network.subnet_ids,
        "scalingConfig": {"minSize": 0, "maxSize": 4, "desiredSize": 2},
    }
    eks.create_nodegroup(**(wanted | overrides))
    return nodegroup_settled(running, name)


def nodegroup_settled(running: Running, name: str = "a") -> dict[str, Any]:
    eks = running.client("eks")

    def settled() -> Any:
        found = eks.describe_nodegroup(clusterName="dev", nodegroupName=name)["nodegroup"]
        return found if found["status"] not in ("CREATING", "UPDATING", "DELETING") else None

    return dict(eventually(settled))


def finished(running: Running, update: dict[str, Any], **where: str) -> dict[str, Any]:
    eks = running.client("eks")

    def done() -> Any:
        found = eks.describe_update(name="dev", updateId=update["id"], **where)["update"]
        return found if found["status"] != "InProgress" else None

    return dict(eventually(done))


# ---- clusters


def test_a_cluster_gets_endpoint_ca_and_security_group(
    running: Running, network: Network, cluster: dict[str, Any]
) -> None:
    assert cluster["status"] == "ACTIVE"
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"]["data"] == "Q0E="
    assert cluster["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.eu-west-1.amazonaws.com/id/")
    assert cluster["arn"] == "arn:aws:eks:eu-west-1:123456789012:cluster/dev"
    assert cluster["resourcesVpcConfig"]["vpcId"] == network.vpc_id
    group_id = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    group = running.client("ec2").describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    tags = {tag["Key"]: tag["Value"] for tag in group["Tags"]}
    assert tags["aws:eks:cluster-name"] == "dev"
    assert tags["kubernetes.io/cluster/dev"] == "owned"
    assert group["GroupName"].startswith("eks-cluster-sg-dev-")
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group_id
    name, version, reserved = running.kubernetes.calls[0][1]
    assert (name, version, sorted(reserved)) == ("dev", "1.34", ["eu-west-1a", "eu-west-1b"])


def test_invalid_clusters_are_rejected(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    create = running.client("eks").create_cluster
    good = {"roleArn": cluster["roleArn"], "resourcesVpcConfig": {"subnetIds": network.subnet_ids}}
    one_zone = {"subnetIds": network.subnet_ids[:1]}
    assert code_of(create, name="dev", **good) == "ResourceInUseException"
    assert code_of(create, name="b", **good, version="1.20") == "InvalidParameterException"
    assert code_of(create, name="b", **(good | {"resourcesVpcConfig": one_zone})) == "InvalidParameterException"
    missing = {"subnetIds": ["subnet-0", *network.subnet_ids]}
    assert code_of(create, name="b", **(good | {"resourcesVpcConfig": missing})) == "InvalidParameterException"
    unknown_role = good | {"roleArn": "arn:aws:iam::123456789012:role/nobody"}
    assert code_of(create, name="b", **unknown_role) == "InvalidParameterException"
    running.role("node", "ec2.amazonaws.com")
    assert code_of(create, name="b", **(good | {"roleArn": NODE_ROLE})) == "InvalidParameterException"


def test_the_same_client_token_is_the_same_request(running: Running, network: Network) -> None:
    create_cluster(running, network, clientRequestToken="t")
    create_cluster(running, network, clientRequestToken="t")
    assert [name for name, _ in running.kubernetes.calls] == ["create"]


def test_required_parameters_are_checked_by_the_server(running: Running) -> None:
    careless = running.client("eks", parameter_validation=False)
    with pytest.raises(ClientError, match=r"Missing required parameter.*roleArn") as caught:
        careless.create_cluster(name="x", resourcesVpcConfig={})
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert code_of(careless.describe_cluster, name="absent") == "ResourceNotFoundException"


def test_failed_start_reports_its_reason(running: Running, network: Network) -> None:
    running.kubernetes.fail.add("create")
    failed = create_cluster(running, network)
    assert failed["status"] == "FAILED"
    assert "create was told to fail" in failed["health"]["issues"][0]["message"]
    running.client("eks").delete_cluster(name="dev")
    eventually(lambda: not running.client("eks").list_clusters()["clusters"])


def test_delete_leaves_nothing_in_ec2(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    eks, ec2 = running.client("eks"), running.client("ec2")
    assert code_of(ec2.delete_subnet, SubnetId=network.subnet_ids[0]) == "DependencyViolation"
    eks.delete_cluster(name="dev")
    eventually(lambda: not eks.list_clusters()["clusters"])
    assert running.kubernetes.calls[-1][0] == "delete"
    in_vpc = [{"Name": "vpc-id", "Values": [network.vpc_id]}]
    assert not ec2.describe_network_interfaces(Filters=in_vpc)["NetworkInterfaces"]
    left = ec2.describe_security_groups(Filters=in_vpc)["SecurityGroups"]
    assert [group["GroupName"] for group in left] == ["default"]


def test_deletion_protection(running: Running, network: Network) -> None:
    create_cluster(running, network, deletionProtection=True)
    eks = running.client("eks")
    assert code_of(eks.delete_cluster, name="dev") == "InvalidRequestException"
    update = eks.update_cluster_config(name="dev", deletionProtection=False)["update"]
    assert update["type"] == "DeletionProtectionUpdate"
    assert finished(running, update)["status"] == "Successful"
    eks.delete_cluster(name="dev")


# ---- updates


def test_one_update_at_a_time(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    running.account.eks.pause = 1.0
    logging = {"clusterLogging": [{"types": ["api"], "enabled": True}]}
    update = eks.update_cluster_config(name="dev", logging=logging)["update"]
    assert (update["status"], update["type"]) == ("InProgress", "LoggingUpdate")
    assert eks.describe_cluster(name="dev")["cluster"]["status"] == "UPDATING"
    assert code_of(eks.update_cluster_config, name="dev", deletionProtection=True) == "ResourceInUseException"
    assert code_of(eks.delete_cluster, name="dev") == "ResourceInUseException"
    assert code_of(eks.create_addon, clusterName="dev", addonName="coredns") == "ResourceInUseException"
    assert finished(running, update)["status"] == "Successful"
    after = eks.describe_cluster(name="dev")["cluster"]
    assert after["status"] == "ACTIVE"
    assert after["logging"]["clusterLogging"][0] == {"types": ["api"], "enabled": True}
    assert code_of(eks.update_cluster_config, name="dev", logging=logging) == "InvalidParameterException"
    assert eks.list_updates(name="dev")["updateIds"] == [update["id"]]


def test_one_type_of_change_per_update(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    both = {"logging": {"clusterLogging": [{"types": ["api"], "enabled": True}]}, "deletionProtection": True}
    assert code_of(eks.update_cluster_config, name="dev", **both) == "InvalidParameterException"
    assert code_of(eks.update_cluster_config, name="dev") == "InvalidParameterException"


def test_endpoint_access(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    same = {"endpointPublicAccess": True, "endpointPrivateAccess": False}
    assert code_of(eks.update_cluster_config, name="dev", resourcesVpcConfig=same) == "InvalidParameterException"
    wanted = {"endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}
    update = eks.update_cluster_config(name="dev", resourcesVpcConfig=wanted)["update"]
    assert update["type"] == "EndpointAccessUpdate"
    finished(running, update)
    config = eks.describe_cluster(name="dev")["cluster"]["resourcesVpcConfig"]
    assert (config["endpointPrivateAccess"], config["publicAccessCidrs"]) == (True, ["192.0.2.0/24"])


def test_version_upgrades_of_cluster_and_nodes(running: Running, network: Network) -> None:
    create_cluster(running, network, version="1.33")
    add_nodegroup(running, network)
    eks = running.client("eks")
    assert code_of(eks.update_cluster_version, name="dev", version="1.33") == "InvalidParameterException"
    assert code_of(eks.update_cluster_version, name="dev", version="1.35") == "InvalidParameterException"
    newer = {"clusterName": "dev", "nodegroupName": "a", "version": "1.34"}
    assert code_of(eks.update_nodegroup_version, **newer) == "InvalidParameterException"
    finished(running, eks.update_cluster_version(name="dev", version="1.34")["update"])
    assert eks.describe_cluster(name="dev")["cluster"]["version"] == "1.34"
    update = eks.update_nodegroup_version(clusterName="dev", nodegroupName="a")["update"]
    assert finished(running, update, nodegroupName="a")["status"] == "Successful"
    group = nodegroup_settled(running)
    assert group["version"] == "1.34"
    assert group["releaseVersion"].startswith("1.34.")


def test_cluster_versions(running: Running) -> None:
    eks = running.client("eks")
    offered = eks.describe_cluster_versions()["clusterVersions"]
    assert [item["clusterVersion"] for item in offered] == ["1.34", "1.33"]
    assert offered[0]["endOfStandardSupportDate"].year == 2026
    default = eks.describe_cluster_versions(defaultOnly=True)["clusterVersions"]
    assert [item["clusterVersion"] for item in default] == ["1.34"]


# ---- node groups


def test_nodes_are_instances_that_the_load_balancer_controller_finds(
    running: Running, network: Network, cluster: dict[str, Any]
) -> None:
    taint = {"key": "only", "value": "web", "effect": "NO_SCHEDULE"}
    group = add_nodegroup(running, network, labels={"tier": "web"}, taints=[taint], capacityType="SPOT")
    assert group["status"] == "ACTIVE"
    labels, taints = next(details for name, details in running.kubernetes.calls if name == "join_nodes")
    assert labels["tier"] == "web"
    assert labels["eks.amazonaws.com/nodegroup"] == "a"
    assert labels["eks.amazonaws.com/capacityType"] == "SPOT"
    assert taints == [{"key": "only", "value": "web", "effect": "NoSchedule"}]
    ec2 = running.client("ec2")
    ids = list(running.kubernetes.instance_ids.values())
    found = [i for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]]
    assert sorted(i["InstanceId"] for i in found) == sorted(ids)
    group_id = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    for item in found:
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        assert tags["eks:cluster-name"] == "dev"
        assert tags["eks:nodegroup-name"] == "a"
        assert tags["kubernetes.io/cluster/dev"] == "owned"
        assert running.kubernetes.instance_ids[item["Placement"]["AvailabilityZone"]] == item["InstanceId"]
        assert [sg["GroupId"] for sg in item["SecurityGroups"]] == [group_id]
        interface = item["NetworkInterfaces"][0]
        assert [sg["GroupId"] for sg in interface["Groups"]] == [group_id]
        assert interface["Ipv4Prefixes"][0]["Ipv4Prefix"].startswith("10.200.")
        described = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])
        assert described["NetworkInterfaces"][0]["Ipv4Prefixes"] == interface["Ipv4Prefixes"]
    entry = running.client("eks").describe_access_entry(clusterName="dev", principalArn=NODE_ROLE)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"]) == ("EC2_LINUX", ["system:nodes"])


def test_more_nodes_than_workers_fail_with_the_reason(
    running: Running, network: Network, cluster: dict[str, Any]
) -> None:
    group = add_nodegroup(running, network, scalingConfig={"minSize": 1, "maxSize": 4, "desiredSize": 3})
    assert group["status"] == "CREATE_FAILED"
    issue = group["health"]["issues"][0]
    assert issue["code"] == "InstanceLimitExceeded"
    assert "one worker a zone" in issue["message"]


def test_a_second_owner_of_the_workers_fails(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    add_nodegroup(running, network)
    second = add_nodegroup(running, network, "b")
    assert second["status"] == "CREATE_FAILED"
    assert "node group a owns them all" in second["health"]["issues"][0]["message"]
    empty = add_nodegroup(running, network, "c", scalingConfig={"minSize": 0, "maxSize": 2, "desiredSize": 0})
    assert empty["status"] == "ACTIVE"


def test_failed_join_reports_its_reason(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    running.kubernetes.fail.add("join_nodes")
    group = add_nodegroup(running, network)
    assert group["status"] == "CREATE_FAILED"
    assert group["health"]["issues"][0]["code"] == "NodeCreationFailure"


def test_cluster_with_nodegroups_is_kept_and_nodegroups_can_be_recreated(
    running: Running, network: Network, cluster: dict[str, Any]
) -> None:
    eks, ec2 = running.client("eks"), running.client("ec2")
    add_nodegroup(running, network)
    assert code_of(eks.delete_cluster, name="dev") == "ResourceInUseException"
    again = {"clusterName": "dev", "nodegroupName": "a", "nodeRole": NODE_ROLE, "subnets": network.subnet_ids}
    assert code_of(eks.create_nodegroup, **again) == "ResourceInUseException"
    ids = list(running.kubernetes.instance_ids.values())
    eks.delete_nodegroup(clusterName="dev", nodegroupName="a")
    eventually(lambda: not eks.list_nodegroups(clusterName="dev")["nodegroups"])
    assert "drain_out" in [name for name, _ in running.kubernetes.calls]
    states = {
        i["State"]["Name"] for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]
    }
    assert states == {"terminated"}
    eks.create_nodegroup(**again)
    assert nodegroup_settled(running)["status"] == "ACTIVE"
    running_now = [
        i["State"]["Name"] for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]
    ]
    assert running_now == ["running", "running"]


def test_nodegroup_config(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    add_nodegroup(running, network, labels={"a": "1", "b": "2"})
    update = eks.update_nodegroup_config(
        clusterName="dev",
        nodegroupName="a",
        labels={"addOrUpdateLabels": {"a": "3"}, "removeLabels": ["b"]},
        taints={"addOrUpdateTaints": [{"key": "k", "value": "v", "effect": "NO_EXECUTE"}]},
    )["update"]
    assert finished(running, update, nodegroupName="a")["status"] == "Successful"
    group = nodegroup_settled(running)
    assert group["labels"] == {"a": "3"}
    assert group["taints"] == [{"key": "k", "value": "v", "effect": "NO_EXECUTE"}]
    labels, taints = next(details for name, details in running.kubernetes.calls if name == "label_nodes")
    assert (labels["a"], labels["b"]) == ("3", None)
    assert taints == [{"key": "k", "value": "v", "effect": "NoExecute"}]


def test_scaling_to_zero_and_back(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    add_nodegroup(running, network)

    def scale(desired: int) -> dict[str, Any]:
        update = eks.update_nodegroup_config(
            clusterName="dev", nodegroupName="a", scalingConfig={"desiredSize": desired}
        )["update"]
        return finished(running, update, nodegroupName="a")

    assert scale(0)["status"] == "Successful"
    assert running.kubernetes.calls[-1][0] == "drain_out"
    assert scale(2)["status"] == "Successful"
    assert running.kubernetes.calls[-1][0] == "join_nodes"
    failed = scale(3)
    assert failed["status"] == "Failed"
    assert "desiredSize must be 2 or 0" in failed["errors"][0]["errorMessage"]
    assert nodegroup_settled(running)["scalingConfig"]["desiredSize"] == 2
    bad = {"clusterName": "dev", "nodegroupName": "a", "scalingConfig": {"minSize": 3, "desiredSize": 2}}
    assert code_of(eks.update_nodegroup_config, **bad) == "InvalidParameterException"


def test_enumerations_are_checked(running: Running, network: Network, cluster: dict[str, Any]) -> None:
    running.role("node", "ec2.amazonaws.com")
    wanted = {"clusterName": "dev", "nodegroupName": "a", "nodeRole": NODE_ROLE, "subnets": network.subnet_ids}
    create = running.client("eks").create_nodegroup
    assert code_of(create, **wanted, amiType="AL3") == "InvalidParameterException"
    assert code_of(create, **wanted, capacityType="FREE") == "InvalidParameterException"


# ---- add-ons, associations, tags


def test_addons(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    info = eks.describe_addon_versions(addonName="coredns", kubernetesVersion="1.34")["addons"][0]
    newest, older = [item["addonVersion"] for item in info["addonVersions"]][:2]
    assert info["addonVersions"][0]["compatibilities"][0]["defaultVersion"] is True
    created = eks.create_addon(clusterName="dev", addonName="coredns", addonVersion=older)["addon"]
    assert created["status"] == "CREATING"
    assert code_of(eks.create_addon, clusterName="dev", addonName="coredns") == "ResourceInUseException"
    eventually(lambda: eks.describe_addon(clusterName="dev", addonName="coredns")["addon"]["status"] == "ACTIVE")
    update = eks.update_addon(
        clusterName="dev", addonName="coredns", addonVersion=newest, configurationValues='{"replicaCount": 2}'
    )["update"]
    assert finished(running, update, addonName="coredns")["status"] == "Successful"
    addon = eks.describe_addon(clusterName="dev", addonName="coredns")["addon"]
    assert (addon["addonVersion"], addon["configurationValues"]) == (newest, '{"replicaCount": 2}')
    assert eks.list_addons(clusterName="dev")["addons"] == ["coredns"]
    eks.delete_addon(clusterName="dev", addonName="coredns")
    eventually(lambda: not eks.list_addons(clusterName="dev")["addons"])


def test_invalid_addons_are_rejected(running: Running, cluster: dict[str, Any]) -> None:
    create = running.client("eks").create_addon
    assert code_of(create, clusterName="dev", addonName="nothing") == "InvalidParameterException"
    assert code_of(create, clusterName="dev", addonName="coredns", addonVersion="v0") == "InvalidParameterException"
    bad = {"clusterName": "dev", "addonName": "coredns", "configurationValues": "{"}
    assert code_of(create, **bad) == "InvalidParameterException"
    assert code_of(create, clusterName="none", addonName="coredns") == "ResourceNotFoundException"


def test_every_addon_has_versions_for_every_kubernetes(running: Running) -> None:
    eks = running.client("eks")
    for version in ("1.33", "1.34"):
        addons = {item["addonName"]: item for item in eks.describe_addon_versions(kubernetesVersion=version)["addons"]}
        assert set(addons) == {
            "vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "metrics-server", "aws-ebs-csi-driver",
        }  # fmt: skip
        for item in addons.values():
            defaults = [c for v in item["addonVersions"] for c in v["compatibilities"] if c["defaultVersion"]]
            assert len(defaults) == 1


def test_pod_identity_associations(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    role = running.role("pods", "pods.eks.amazonaws.com")
    wanted = {"clusterName": "dev", "namespace": "flask", "serviceAccount": "api"}
    made = eks.create_pod_identity_association(**wanted, roleArn=role, tags={"a": "b"})["association"]
    assert code_of(eks.create_pod_identity_association, **wanted, roleArn=role) == "ResourceInUseException"
    listed = eks.list_pod_identity_associations(clusterName="dev", namespace="flask")["associations"]
    assert [item["associationId"] for item in listed] == [made["associationId"]]
    assert "roleArn" not in listed[0]
    assert not eks.list_pod_identity_associations(clusterName="dev", namespace="other")["associations"]
    where = {"clusterName": "dev", "associationId": made["associationId"]}
    assert eks.describe_pod_identity_association(**where)["association"]["roleArn"] == role
    other = running.role("others", "ec2.amazonaws.com")
    assert code_of(eks.update_pod_identity_association, **where, roleArn=other) == "InvalidParameterException"
    eks.delete_pod_identity_association(**where)
    assert code_of(eks.describe_pod_identity_association, **where) == "ResourceNotFoundException"


def test_tags_by_arn(running: Running, cluster: dict[str, Any]) -> None:
    eks = running.client("eks")
    arn = cluster["arn"]
    eks.tag_resource(resourceArn=arn, tags={"more": "x"})
    eks.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"more": "x"}
    assert code_of(eks.list_tags_for_resource, resourceArn=arn + "x") == "NotFoundException"


def test_unsupported_eks_operation_returns_501(running: Running, cluster: dict[str, Any]) -> None:
    assert code_of(running.client("eks").list_insights, clusterName="dev") == "NotImplemented"
