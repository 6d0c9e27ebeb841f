"""Answers of the account that plain moto gives otherwise than AWS."""

from __future__ import annotations


def test_a_gateways_tags_are_found_by_the_type_that_aws_documents(running):
    ec2 = running.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", TagSpecifications=tags)
    found = ec2.describe_tags(Filters=[{"Name": "resource-type", "Values": ["natgateway"]}])["Tags"]
    assert [(tag["Key"], tag["Value"], tag["ResourceType"]) for tag in found] == [("a", "b", "natgateway")]


def test_a_launch_templates_own_tags_are_no_part_of_its_data(running):
    ec2 = running.client("ec2")
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}]
    ec2.create_launch_template(
        LaunchTemplateName="nodes", LaunchTemplateData={"InstanceType": "t3.large"}, TagSpecifications=tags
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
