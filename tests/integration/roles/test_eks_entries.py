"""Lists of the eks role (access entries, pod roles, node groups, add-ons): create, keep, change and remove entries."""

from __future__ import annotations

from typing import Any

from production import Production

CLUSTER = "flask-prod"
ADDONS: dict[str, Any] = {"kube-proxy": {}, "vpc-cni": {}, "coredns": {}}
GENERAL = {"name": "general", "instance_types": ["m6i.large"], "min_size": 2, "max_size": 4, "desired_size": 2}
# The nodes of the sandbox belong to one group; a second group can exist without nodes.
SPARE = {"name": "spare", "instance_types": ["m6i.large"], "min_size": 0, "max_size": 2, "desired_size": 0}
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::flask-prod/*"}],
}
GONE = {"state": "absent"}


def pod(namespace: str, service_account: str, **more: Any) -> dict[str, Any]:
    return {"namespace": namespace, "service_account": service_account, **more}


def network_facts(ec2: Any) -> dict[str, Any]:
    """Create a minimal network and return it as network_facts. The network role would take half a minute."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]
        for number, zone in enumerate("ab")
    ]
    groups = {
        name: ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
        for name in ("control_plane", "nodes")
    }
    return {"subnet_ids": {"private": [row["SubnetId"] for row in subnets]}, "security_group_ids": groups}


def test_entries_are_created_changed_and_removed(production: Production) -> None:
    iam = production.client("iam")
    readers, auditors = (production.running.role(name, "ec2.amazonaws.com") for name in ("readers", "auditors"))
    somebodys = production.running.role("somebodys", "pods.eks.amazonaws.com")
    before = names(iam)
    plain = {
        "network_facts": network_facts(production.client("ec2")),
        "eks_encryption_key": False,
        "eks_log_types": [],
    }
    reads = {"principal_arn": readers, "policies": [{"policy_arn": VIEW, "scope": scope("flask")}]}
    audits = {"principal_arn": auditors, "kubernetes_groups": ["auditors"]}
    web = pod("flask", "web", role_name="web", policy=POLICY, policy_arns=[READ_ONLY])
    report = pod("flask", "report", role_name="report", policy=POLICY)
    mail = pod("flask", "mail", role_name="mail", policy_arns=[READ_ONLY])
    backup = pod("tools", "backup", role_arn=somebodys)
    first = {
        **plain,
        "eks_access_entries": [reads, audits],
        "eks_pod_identity_associations": [web, report, mail, backup],
        "eks_node_groups": [GENERAL, SPARE],
        "eks_addons": {**ADDONS, "metrics-server": {}},
    }
    # One pod moves, one is removed with its role, one gets another role, one with an external role is removed.
    then = {
        **plain,
        "eks_access_entries": [reads, {**audits, **GONE}],
        "eks_pod_identity_associations": [
            {**web, "namespace": "shop"},
            {**web, **GONE},
            {**report, **GONE},
            {**mail, "role_name": "post"},
            {**mail, **GONE},
            {**backup, **GONE},
        ],
        "eks_node_groups": [GENERAL, {"name": "spare", **GONE}],
        "eks_addons": {**ADDONS, "metrics-server": GONE},
    }

    run = production.play("cluster", **first)
    assert run.failed == 0, run.output
    assert access(production) == {readers: ([], {VIEW: ["flask"]}), auditors: (["auditors"], {})}
    assert associations(production) == {
        ("flask", "web"): "web",
        ("flask", "report"): "report",
        ("flask", "mail"): "mail",
        ("tools", "backup"): "somebodys",
    }
    assert attached(iam, "web") == {"web", "AmazonSSMReadOnlyAccess"} and attached(iam, "report") == {"report"}
    assert trusted(iam, "web") == [pods_of("flask", "web")]
    assert parts(production) == ({"general", "spare"}, {*ADDONS, "metrics-server"})
    unchanged(production, first)

    plan = production.plan("cluster", **then)
    run = production.play("cluster", **then)
    assert run.failed == 0, run.output
    assert access(production) == {readers: ([], {VIEW: ["flask"]})}
    assert associations(production) == {("shop", "web"): "web", ("flask", "mail"): "post"}
    assert attached(iam, "web") == {"web", "AmazonSSMReadOnlyAccess"}
    assert trusted(iam, "web") == [pods_of("shop", "web")]
    assert trusted(iam, "post") == [pods_of("flask", "mail")]
    roles, policies = (after - known for after, known in zip(names(iam), before, strict=True))
    assert roles == {"flask-prod-eks-cluster", "flask-prod-eks-node", "web", "post"}
    assert policies == {"web"}
    assert parts(production) == ({"general"}, set(ADDONS))
    assert plan.changed == run.changed, plan.output
    unchanged(production, then)


def test_caller_as_administrator_gets_one_entry(production: Production) -> None:
    caller = production.client("sts").get_caller_identity()["Arn"]
    itself = {"eks_admin_principal_arn": "", "eks_caller_is_admin": True}
    run = production.play("preflight", **itself, eks_access_entries=[{"principal_arn": caller}])
    assert (run.failed, run.changed) == (1, 0), run.output
    assert f"{caller} is the caller" in run.output
    run = production.play("preflight", **itself)
    assert run.failed == 0, run.output


def unchanged(production: Production, variables: dict[str, Any]) -> None:
    run = production.play("cluster", **variables)
    assert (run.failed, run.changed) == (0, 0), run.output


def scope(*namespaces: str) -> dict[str, Any]:
    return {"type": "namespace", "namespaces": list(namespaces)}


def access(production: Production) -> dict[str, tuple[list[str], dict[str, list[str]]]]:
    """Return the access entries except those of administrator and nodes: {principal: groups, {policy: namespaces}}."""
    eks = production.client("eks")
    found = {}
    for principal in eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]:
        entry = eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]
        policies = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=principal)
        if entry["type"] == "STANDARD" and principal != production.owner["eks_admin_principal_arn"]:
            found[principal] = (
                entry["kubernetesGroups"],
                {row["policyArn"]: row["accessScope"]["namespaces"] for row in policies["associatedAccessPolicies"]},
            )
    return found


def associations(production: Production) -> dict[tuple[str, str], str]:
    """Return the role name of each ServiceAccount with an association."""
    eks = production.client("eks")
    listed = eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]
    found = [
        eks.describe_pod_identity_association(clusterName=CLUSTER, associationId=row["associationId"])["association"]
        for row in listed
    ]
    return {(row["namespace"], row["serviceAccount"]): row["roleArn"].rsplit("/", 1)[-1] for row in found}


def parts(production: Production) -> tuple[set[str], set[str]]:
    """Return the node groups and add-ons of the cluster."""
    eks = production.client("eks")
    return (
        set(eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]),
        set(eks.list_addons(clusterName=CLUSTER)["addons"]),
    )


def names(iam: Any) -> tuple[set[str], set[str]]:
    """Return the IAM roles and customer managed policies of the account."""
    return (
        {row["RoleName"] for row in iam.list_roles()["Roles"]},
        {row["PolicyName"] for row in iam.list_policies(Scope="Local")["Policies"]},
    )


def attached(iam: Any, role: str) -> set[str]:
    return {row["PolicyName"] for row in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]}


def trusted(iam: Any, role: str) -> list[dict[str, Any]]:
    """Return the condition of each statement of a trust policy."""
    return [row["Condition"] for row in iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]]


def pods_of(namespace: str, service_account: str) -> dict[str, Any]:
    return {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-name": CLUSTER,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
        }
    }
