# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of Secrets Manager: read it, and carry its plan out."""

from __future__ import annotations

import json
import secrets
import string
import uuid
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi
from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import same_identity
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found, RemoveTags, SetTags
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Resource
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.api import described
from ansible_collections.flaskops.eks.plugins.module_utils.secretsmanager.plan import (
    CreateSecret,
    DeleteSecret,
    PutValue,
    RestoreSecret,
    Stored,
    UpdateSettings,
    WantedSecret,
    plan,
    plan_value,
)

# RDS refuses / @ " and spaces, ElastiCache most other signs.
ALPHABET = string.ascii_letters + string.digits


def generated(length: int) -> str:
    """A new random value."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def composed(wanted: WantedSecret, stored: Stored) -> str:
    """The value to write: what is stored, with what the task gives and generates."""
    if wanted.value is not None:
        return wanted.value
    current = stored.object() or {}
    new = {key: generated(wanted.generate_length) for key in wanted.generate or () if key not in current}
    return json.dumps({**current, **wanted.given, **new})


class Secret(Resource):
    """The stored value stays in `stored`: descriptions become results."""

    kind = "secret"
    result_key = "secret"

    def __init__(self, api: AwsApi, wanted: WantedSecret, timeout: float = 60.0) -> None:
        super().__init__(wanted.name, timeout, wanted.tags)
        self.api = api
        self.wanted = wanted
        self.stored = Stored()

    def describe(self) -> Found:
        answer = self.api.ask("describe_secret", SecretId=self.name)
        if answer is None:
            return None
        found = described(answer)
        readable = not found["deleted_date"] and self.wanted.state != "absent" and self.wanted.has_value
        # The value of another owner's secret is not read: the secret is refused by its tags.
        if readable and (not found["tags"] or same_identity(self.tags, found["tags"])):
            version = self.read()
            content = self.stored.object()
            found |= {"keys": sorted(content) if content is not None else [], "version_id": version}
        return found

    def read(self) -> str:
        """Read the value; the id of its version, empty without a value."""
        value = self.api.ask("get_secret_value", SecretId=self.name) or {}
        self.stored = Stored(value.get("SecretString"))
        return str(value.get("VersionId") or "")

    def deleting(self, found: Found) -> bool:
        """A secret that waits for its deletion counts as gone, unless it shall be restored."""
        return found is not None and bool(found["deleted_date"]) and self.wanted.state == "absent"

    def plan(self, found: Found) -> list[Action]:
        return plan(self.wanted, found, self.stored)

    def apply(self, action: Action) -> None:
        if isinstance(action, CreateSecret):
            self.create(action)
        elif isinstance(action, RestoreSecret):
            self.api.change("restore_secret", SecretId=self.name)
            self.read()
            for following in plan_value(self.wanted, self.stored):
                self.apply(following)
        elif isinstance(action, PutValue):
            self.api.change("put_secret_value", **self.version(), SecretId=self.name)
        elif isinstance(action, (UpdateSettings, DeleteSecret)):
            self.api.change(action.operation, SecretId=self.name, **action.request())
        elif isinstance(action, SetTags):
            self.api.change("tag_resource", SecretId=self.name, Tags=ansible_dict_to_boto3_tag_list(action.tags))
        elif isinstance(action, RemoveTags):
            self.api.change("untag_resource", SecretId=self.name, TagKeys=list(action.keys))
        else:
            raise TypeError(f"unknown action {action!r}")

    def create(self, action: CreateSecret) -> None:
        """Create it with its value and tags. A lost reply is no second secret: every retry has the same token."""
        tags = {"Tags": ansible_dict_to_boto3_tag_list(action.tags)} if action.tags else {}
        self.api.change(action.operation, Name=self.name, **self.version(), **tags, **action.request())

    def version(self) -> dict[str, str]:
        """A new version: its value, and the token by which a retry of the call is known."""
        return {"SecretString": composed(self.wanted, self.stored), "ClientRequestToken": str(uuid.uuid4())}

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        shown = {key: found[key] for key in ("description", "kms_key_id", "tags")}
        return shown | {key: found[key] for key in ("keys", "version_id") if key in found}
