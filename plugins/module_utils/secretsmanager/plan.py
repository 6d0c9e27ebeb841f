# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a secret should be, and the actions that make it so. No value is part of an action, a text or a result."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    DeleteAction,
    Found,
    ResourceError,
    Wanted,
    changed_copy,
    plan_tags,
)
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class WantedSecret(Wanted):
    """The module's options. The value is either `value`, or an object made of the other three."""

    name: str
    description: str | None = None
    kms_key_id: str | None = None
    value: str | None = field(default=None, repr=False)
    values: dict[str, Any] | None = None
    secret_values: dict[str, Any] | None = field(default=None, repr=False)
    generate: tuple[str, ...] | None = None
    generate_length: int = 32
    recovery_window: int = 30

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> WantedSecret:
        generate = params["generate"]
        return super().from_params({**params, "generate": None if generate is None else tuple(generate)})

    @property
    def given(self) -> dict[str, Any]:
        """The keys of the object whose values the task gives."""
        return {**(self.values or {}), **(self.secret_values or {})}

    @property
    def has_value(self) -> bool:
        """Whether the task says anything about the value."""
        return any(part is not None for part in (self.value, self.values, self.secret_values, self.generate))


@dataclass(frozen=True)
class Stored:
    """The value that the secret has. `text` is None without one, or when it is not text."""

    text: str | None = field(default=None, repr=False)

    def object(self) -> dict[str, Any] | None:
        """The value as an object; None when it is none."""
        try:
            parsed = json.loads(self.text) if self.text is not None else None
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None


@dataclass(frozen=True)
class CreateSecret(ApiAction):
    """Tags and value are part of the call, so that no secret of ours is ever without."""

    name: str
    keys: tuple[str, ...]
    parameters: dict[str, Any]
    tags: dict[str, str]
    operation: ClassVar[str] = "create_secret"
    creates: ClassVar[bool] = True
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"create secret {self.name}" + (f" ({', '.join(self.keys)})" if self.keys else "")

    def request(self) -> dict[str, Any]:
        return self.parameters

    def predict(self, found: Found) -> Found:
        return {
            "name": self.name,
            "arn": UNKNOWN,
            "description": self.parameters.get("Description", ""),
            "kms_key_id": self.parameters.get("KmsKeyId", ""),
            "rotation_enabled": False,
            "deleted_date": "",
            "tags": dict(self.tags),
            "keys": list(self.keys),
            "version_id": UNKNOWN,
        }


@dataclass(frozen=True)
class RestoreSecret(Action):
    """Cancel the deletion. The value can be read only afterwards, so it is compared then."""

    name: str
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"restore secret {self.name}"

    def predict(self, found: Found) -> Found:
        return changed_copy(found, deleted_date="")


@dataclass(frozen=True)
class UpdateSettings(ApiAction):
    """`changes` under the module's option names."""

    changes: dict[str, str]
    operation: ClassVar[str] = "update_secret"
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return "set " + ", ".join(f"{option} to {value}" for option, value in self.changes.items())

    def request(self) -> dict[str, Any]:
        names = {"description": "Description", "kms_key_id": "KmsKeyId"}
        return {names[option]: value for option, value in self.changes.items()}

    def predict(self, found: Found) -> Found:
        return changed_copy(found, **self.changes)


@dataclass(frozen=True)
class PutValue(Action):
    """Write a new version. `keys` are those of the object that are new or changed; empty for a value as a whole."""

    keys: tuple[str, ...]
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"write a new version ({', '.join(self.keys)})" if self.keys else "write a new version"

    def predict(self, found: Found) -> Found:
        keys = sorted({*((found or {}).get("keys") or []), *self.keys})
        return changed_copy(found, keys=keys, version_id=UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class DeleteSecret(DeleteAction):
    recovery_window: int
    kind: ClassVar[str] = "secret"
    operation: ClassVar[str] = "delete_secret"
    slow: ClassVar[bool] = False

    def request(self) -> dict[str, Any]:
        if self.recovery_window == 0:
            return {"ForceDeleteWithoutRecovery": True}
        return {"RecoveryWindowInDays": self.recovery_window}


def changed_keys(wanted: WantedSecret, stored: Stored) -> tuple[str, ...]:
    """The keys of the object to write: given ones that differ, and ones to generate that are not there.

    A value that was generated before is kept, and so is every key that the task does not name.

    Raises:
        ResourceError: The stored value is no object.
    """
    current = stored.object()
    if current is None and stored.text is not None:
        raise ResourceError(
            f"secret {wanted.name}: its value is not a JSON object, so no key of it can be set; give the whole value, "
            "or choose another name"
        )
    current = current or {}
    differing = [key for key, value in wanted.given.items() if key not in current or current[key] != value]
    missing = [key for key in wanted.generate or () if key not in current]
    return tuple(sorted({*differing, *missing}))


def plan_value(wanted: WantedSecret, stored: Stored) -> list[Action]:
    """A new version when the value differs from what the task says of it."""
    if not wanted.has_value:
        return []
    if wanted.value is not None:
        return [PutValue(())] if wanted.value != stored.text else []
    keys = changed_keys(wanted, stored)
    return [PutValue(keys)] if keys else []


def same_key(wanted: str, found: str) -> bool:
    """Whether two names mean one KMS key: an ARN ends with the key's id or alias."""
    return wanted == found or ("/" in wanted + found and wanted.split("/", 1)[-1] == found.split("/", 1)[-1])


def plan_settings(wanted: WantedSecret, found: dict[str, Any]) -> list[Action]:
    """Changes of description and key."""
    changes = {}
    if wanted.description is not None and wanted.description != found["description"]:
        changes["description"] = wanted.description
    if wanted.kms_key_id is not None and not same_key(wanted.kms_key_id, found["kms_key_id"]):
        changes["kms_key_id"] = wanted.kms_key_id
    return [UpdateSettings(changes)] if changes else []


def creation(wanted: WantedSecret) -> CreateSecret:
    if not wanted.has_value:
        raise ResourceError(
            f"secret {wanted.name} does not exist; to create it give value, values, secret_values or generate"
        )
    parameters = {"Description": wanted.description, "KmsKeyId": wanted.kms_key_id}
    keys = () if wanted.value is not None else changed_keys(wanted, Stored())
    given = {key: value for key, value in parameters.items() if value is not None}
    return CreateSecret(wanted.name, keys, given, wanted.tags or {})


def plan(wanted: WantedSecret, found: Found, stored: Stored) -> list[Action]:
    """The actions from found to wanted. Rotation, resource policy and replicas are left as they are."""
    both = sorted(set(wanted.given) & set(wanted.generate or ()))
    if both:
        raise ResourceError(f"secret {wanted.name}: {', '.join(both)} is both given and generated; choose one")
    if wanted.state == "absent":
        gone = found is None or found["deleted_date"]
        return [] if gone else [DeleteSecret(wanted.name, recovery_window=wanted.recovery_window)]
    if found is None:
        return [creation(wanted)]
    settings = plan_settings(wanted, found) + plan_tags(wanted, found)
    if found["deleted_date"]:
        return [RestoreSecret(wanted.name), *settings]
    return settings + plan_value(wanted, stored)
