# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An OIDC identity provider of IAM. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html

No thumbprint is sent: IAM validates issuers with its own certificate authorities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    CreateAction,
    DeleteAction,
    Found,
    RemoveTags,
    SetTags,
    Wanted,
    changed_copy,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Resource
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


@dataclass(frozen=True)
class WantedProvider(Wanted):
    """The URL is the key. IAM stores it without its scheme."""

    url: str
    client_ids: list[str] | None = None

    @property
    def name(self) -> str:
        return self.url.removeprefix("https://").rstrip("/")


class CreateProvider(CreateAction):
    operation: ClassVar[str] = "create_open_id_connect_provider"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"create OIDC provider {self.name}"

    def predict(self, found: Found) -> Found:
        return {
            "url": self.name,
            "client_ids": list(self.parameters["ClientIDList"]),
            "tags": boto3_tag_list_to_ansible_dict(self.parameters["Tags"]),
        }


@dataclass(frozen=True)
class AddClient(ApiAction):
    client_id: str
    operation: ClassVar[str] = "add_client_id_to_open_id_connect_provider"
    slow: ClassVar[bool] = False

    @property
    def key(self) -> tuple[Any, ...]:
        return (type(self).__name__, self.client_id)

    def __str__(self) -> str:
        return f"add client id {self.client_id}"

    def request(self) -> dict[str, Any]:
        return {"ClientID": self.client_id}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, client_ids=[*(found or {}).get("client_ids", []), self.client_id])


@dataclass(frozen=True)
class RemoveClient(AddClient):
    operation: ClassVar[str] = "remove_client_id_from_open_id_connect_provider"

    def __str__(self) -> str:
        return f"remove client id {self.client_id}"

    def predict(self, found: Found) -> Found:
        return changed_copy(found, client_ids=[name for name in (found or {})["client_ids"] if name != self.client_id])


class DeleteProvider(DeleteAction):
    kind: ClassVar[str] = "OIDC provider"
    operation: ClassVar[str] = "delete_open_id_connect_provider"
    slow: ClassVar[bool] = False


def plan(wanted: WantedProvider, found: Found) -> list[Action]:
    """The actions from found to wanted."""
    if wanted.state == "absent":
        return [DeleteProvider(wanted.name)] if found else []
    if found is None:
        parameters = {
            "Url": f"https://{wanted.name}",
            "ClientIDList": wanted.client_ids or [],
            "Tags": ansible_dict_to_boto3_tag_list(wanted.tags or {}),
        }
        return [CreateProvider(wanted.name, parameters)]
    actions: list[Action] = []
    if wanted.client_ids is not None:
        has = found.get("client_ids") or []
        # Added first: a provider without any client id accepts no token.
        actions += [AddClient(name) for name in wanted.client_ids if name not in has]
        actions += [RemoveClient(name) for name in has if name not in wanted.client_ids]
    return actions + plan_tags(wanted, found)


class OidcProvider(Resource):
    kind = "OIDC provider"
    result_key = "provider"

    def __init__(self, api: AwsApi, wanted: WantedProvider) -> None:
        super().__init__(wanted.name, 60.0, wanted.tags)
        self.api = api
        self.wanted = wanted
        self.arn: str | None = None

    def describe(self) -> Found:
        listed = self.api.listing("list_open_id_connect_providers", "OpenIDConnectProviderList", "Marker")
        suffix = f":oidc-provider/{self.name}"
        self.arn = next((entry["Arn"] for entry in listed if entry["Arn"].endswith(suffix)), None)
        answer = self.arn and self.api.ask("get_open_id_connect_provider", OpenIDConnectProviderArn=self.arn)
        if not answer:
            return None
        return {
            "arn": self.arn,
            "url": answer["Url"],
            "client_ids": list(answer.get("ClientIDList") or []),
            "tags": boto3_tag_list_to_ansible_dict(answer.get("Tags") or []),
        }

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found)

    def apply(self, action: Action) -> None:
        if isinstance(action, CreateProvider):
            self.api.change(action.operation, **action.request())
        elif isinstance(action, SetTags):
            tags = ansible_dict_to_boto3_tag_list(action.tags)
            self.api.change("tag_open_id_connect_provider", OpenIDConnectProviderArn=self.arn, Tags=tags)
        elif isinstance(action, RemoveTags):
            keys = list(action.keys)
            self.api.change("untag_open_id_connect_provider", OpenIDConnectProviderArn=self.arn, TagKeys=keys)
        elif isinstance(action, ApiAction):
            self.api.change(action.operation, OpenIDConnectProviderArn=self.arn, **action.request())
        else:
            raise TypeError(f"unknown action {action!r}")

    def complete(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"arn": UNKNOWN, **found}

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return {key: found.get(key) for key in ("url", "client_ids")} | {"tags": found.get("tags") or {}}
