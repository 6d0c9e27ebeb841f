"""Tags of clusters and of everything below them, by ARN."""

from __future__ import annotations

from collections.abc import Iterator

from flaskops_sandbox.account.eks.errors import NotFound
from flaskops_sandbox.account.eks.store import Eks, Record
from flaskops_sandbox.account.principals import Principal


def _tagged(eks: Eks) -> Iterator[tuple[str, dict[str, str]]]:
    for cluster in eks.clusters.values():
        yield cluster.record["arn"], cluster.record["tags"]
        for group in cluster.nodegroups.values():
            yield group.record["nodegroupArn"], group.record["tags"]
        for addon in cluster.addons.values():
            yield addon["addonArn"], addon["tags"]
        for entry in cluster.access_entries.values():
            yield entry.record["accessEntryArn"], entry.record["tags"]
        for association in cluster.associations.values():
            yield association["associationArn"], association["tags"]


def _tags(eks: Eks, arn: str) -> dict[str, str]:
    for found, tags in _tagged(eks):
        if found == arn:
            return tags
    raise NotFound(f"Resource with ARN {arn} was not found")


def list_tags_for_resource(eks: Eks, params: Record, _caller: Principal) -> Record:
    return {"tags": _tags(eks, params["resourceArn"])}


def tag_resource(eks: Eks, params: Record, _caller: Principal) -> Record:
    _tags(eks, params["resourceArn"]).update(params["tags"])
    return {}


def untag_resource(eks: Eks, params: Record, _caller: Principal) -> Record:
    tags = _tags(eks, params["resourceArn"])
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}
