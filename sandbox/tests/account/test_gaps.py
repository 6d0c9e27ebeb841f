"""Operations that moto implements differently from AWS."""

from __future__ import annotations


def test_tags_of_gateways_and_addresses_have_the_documented_types(running):
    ec2 = running.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", TagSpecifications=[specification("natgateway")])
    ec2.allocate_address(Domain="vpc", TagSpecifications=[specification("elastic-ip")])
    for kind in ("natgateway", "elastic-ip"):
        found = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": [kind]}])["Tags"]
        assert [(tag["Key"], tag["Value"], tag["ResourceType"]) for tag in found] == [("a", "b", kind)]


def specification(kind):
    return {"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]}


def test_tags_of_a_launch_template_are_not_part_of_its_data(running):
    ec2 = running.client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="nodes",
        LaunchTemplateData={"InstanceType": "t3.large"},
        TagSpecifications=[specification("launch-template")],
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="nodes")["LaunchTemplateVersions"]
    assert version["LaunchTemplateData"] == {"InstanceType": "t3.large"}
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    assert template["Tags"] == [{"Key": "a", "Value": "b"}]


def test_versions_can_be_deleted_but_not_the_default(running):
    ec2 = running.client("ec2")
    ec2.create_launch_template(LaunchTemplateName="nodes", LaunchTemplateData={"InstanceType": "t3.large"})
    ec2.create_launch_template_version(LaunchTemplateName="nodes", LaunchTemplateData={"InstanceType": "t3.small"})
    answer = ec2.delete_launch_template_versions(LaunchTemplateName="nodes", Versions=["1", "2"])
    (refused,) = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert refused["VersionNumber"] == 1
    found = ec2.describe_launch_template_versions(LaunchTemplateName="nodes")["LaunchTemplateVersions"]
    assert [version["VersionNumber"] for version in found] == [1]


def test_key_is_deleted_by_arn(running):
    kms = running.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=arn)
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"
