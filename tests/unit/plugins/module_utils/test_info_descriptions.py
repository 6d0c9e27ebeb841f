"""Results of info modules."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws.info import existing, report
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.ecr.repository import repositories
from ansible_collections.flaskops.eks.plugins.module_utils.elasticache import subnet_group as cache
from ansible_collections.flaskops.eks.plugins.module_utils.iam.managed_policy import policies
from ansible_collections.flaskops.eks.plugins.module_utils.rds import subnet_group as rds
from botocore.exceptions import ClientError

TAGS = [{"Key": "team", "Value": "a"}]


class FakeApi:
    """Lists by the name asked for; an object without tags was deleted after it was listed."""

    def __init__(self, listed: dict[str, list[dict[str, Any]]], tags: dict[str, dict[str, Any]]) -> None:
        self.listed, self.tags = listed, tags
        self.asked: list[str] = []

    def listing(self, operation: str, _result: str, _page_key: str = "", **params: Any) -> list[dict[str, Any]]:
        self.asked.append(operation)
        (name,) = params.values()
        return self.listed.get(name[0] if isinstance(name, list) else name, [])

    def ask(self, operation: str, **params: Any) -> dict[str, Any] | None:
        self.asked.append(operation)
        (arn,) = params.values()
        return self.tags.get(arn)


def test_names_are_read_once_and_missing_ones_omitted() -> None:
    asked: list[str] = []

    def describe(name: str) -> dict[str, Any] | None:
        asked.append(name)
        return None if name == "none" else {"name": name}

    assert existing(["b", "none", "a", "b"], describe) == [{"name": "b"}, {"name": "a"}]
    assert asked == ["b", "none", "a"]


def test_policy_deleted_after_the_list_is_omitted() -> None:
    entries = [{"PolicyName": name, "Arn": f"arn:{name}", "Path": "/"} for name in ("own", "gone", "other")]
    api: Any = FakeApi({"Local": entries}, {"arn:own": {"Tags": TAGS}})
    (found,) = policies(api, ["own", "gone", "none"])
    assert found == {"policy_name": "own", "arn": "arn:own", "path": "/", "tags": {"team": "a"}}
    assert api.asked.count("list_policies") == 1


@pytest.mark.parametrize(
    ("read", "group", "expected"),
    [
        (
            rds.subnet_groups,
            {"DBSubnetGroupName": "own", "DBSubnetGroupArn": "arn", "Subnets": [{"SubnetIdentifier": "s"}]},
            {"name": "own", "db_subnet_group_arn": "arn", "subnet_ids": ["s"], "status": ""},
        ),
        (
            cache.subnet_groups,
            {"CacheSubnetGroupName": "own", "ARN": "arn", "VpcId": "vpc-1"},
            {"name": "own", "arn": "arn", "subnet_ids": [], "vpc_id": "vpc-1"},
        ),
    ],
)
def test_subnet_groups(read: Any, group: dict[str, Any], expected: dict[str, Any]) -> None:
    api = FakeApi({"own": [group]}, {"arn": {"TagList": TAGS}})
    (found,) = read(api, ["own", "none"])
    assert expected.items() <= found.items()
    assert found["tags"] == {"team": "a"}
    untagged = FakeApi({"own": [group]}, {})
    assert read(untagged, ["own"])[0]["tags"] == {}


def test_repositories() -> None:
    api: Any = FakeApi({"own": [{"repositoryName": "own", "repositoryArn": "arn"}]}, {"arn": {"tags": TAGS}})
    assert repositories(api, ["own", "none"]) == [
        {"repository_name": "own", "repository_arn": "arn", "tags": {"team": "a"}}
    ]


class Ended(Exception):
    """The module has ended."""


class FakeModule:
    def exit_json(self, **result: Any) -> None:
        raise Ended(result)

    def fail_json(self, **result: Any) -> None:
        raise Ended({"failed": True, **result})

    def fail_json_aws(self, error: Exception, msg: str) -> None:
        raise Ended({"failed": True, "msg": msg, "error": str(error)})


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ([{"name": "a"}], {"changed": False, "things": [{"name": "a"}]}),
        (ResourceError("no", name="a"), {"failed": True, "msg": "no", "name": "a"}),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Describe"),
            {"failed": True, "msg": "kinds of things could not be described"},
        ),
    ],
)
def test_report_names_the_kind_after_an_api_error(outcome: Any, expected: dict[str, Any]) -> None:
    def read() -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    with pytest.raises(Ended) as ended:
        report(FakeModule(), "things", "kinds of things", read)
    assert expected.items() <= ended.value.args[0].items()
