# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a plan: wanted options, found object and the actions between them. Pure: nothing here calls AWS."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

# The end of an error about an object that failed for good.
REMOVE_AND_RUN_AGAIN = ". Remove the cause, delete it (state: absent) and run again."

Found = dict[str, Any] | None


class ResourceError(Exception):
    """A refusal or failure in the user's words. `facts` go into the module's result."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The module's options. None means: not mentioned, leave as it is."""

    tags: dict[str, str] | None = None
    purge_tags: bool = True
    state: str = "present"

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Self:
        """From the module's parameters of the same names. Tags become text, as AWS stores them."""
        mentioned = {key: params[key] for key in cls.__dataclass_fields__ if key in params}
        if mentioned.get("tags") is not None:
            mentioned["tags"] = {to_text(key): to_text(value) for key, value in mentioned["tags"].items()}
        return cls(**mentioned)


@dataclass(frozen=True)
class Action:
    """One change. Data only: what it does is read by the resource, what it says by the user."""

    # AWS continues after the call has returned, and the next action must wait until it is done.
    slow: ClassVar[bool] = True
    creates: ClassVar[bool] = False
    deletes: ClassVar[bool] = False

    @property
    def key(self) -> tuple[Any, ...]:
        """What identifies this action when it is planned again."""
        return (type(self).__name__,)

    def __str__(self) -> str:
        raise NotImplementedError

    def predict(self, found: Found) -> Found:
        """The description after this action, for check mode. Must not change `found`."""
        raise NotImplementedError


class ApiAction(Action):
    """An action that is one call of the service's API."""

    operation: ClassVar[str]

    def request(self) -> dict[str, Any]:
        """The call's parameters in AWS's names, without those that identify the object."""
        return {}


@dataclass(frozen=True)
class CreateAction(ApiAction):
    """`parameters` in AWS's names; some are secret, so that they are in neither text nor representation."""

    name: str
    parameters: dict[str, Any] = field(repr=False)
    creates: ClassVar[bool] = True

    def request(self) -> dict[str, Any]:
        return self.parameters


@dataclass(frozen=True)
class DeleteAction(ApiAction):
    """`reason`: why an object that should exist is deleted."""

    name: str
    reason: str = ""
    kind: ClassVar[str]
    deletes: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"delete {self.kind} {self.name}" + (f" ({self.reason})" if self.reason else "")

    def predict(self, found: Found) -> Found:
        return None


def changed_copy(found: Found, **changes: Any) -> dict[str, Any]:
    """A deep copy of a description with some keys replaced."""
    after = copy.deepcopy(found) if found else {}
    after.update(changes)
    return after


@dataclass(frozen=True)
class SetTags(Action):
    """Add tags or change their values."""

    tags: dict[str, str]
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return "set tags " + ", ".join(f"{key}={value}" for key, value in sorted(self.tags.items()))

    def predict(self, found: Found) -> Found:
        return changed_copy(found, tags={**((found or {}).get("tags") or {}), **self.tags})


@dataclass(frozen=True)
class RemoveTags(Action):
    """Remove tags."""

    keys: tuple[str, ...]
    slow: ClassVar[bool] = False

    def __str__(self) -> str:
        return "remove tags " + ", ".join(self.keys)

    def predict(self, found: Found) -> Found:
        tags = (found or {}).get("tags") or {}
        return changed_copy(found, tags={key: value for key, value in tags.items() if key not in self.keys})


def plan_tags(wanted: Wanted, found: dict[str, Any]) -> list[Action]:
    """The tag changes, none while AWS does not tell the tags. Tags of AWS itself (aws:...) are never purged."""
    if wanted.tags is None or are_untold(found):
        return []
    to_set, to_remove = compare_aws_tags(found.get("tags") or {}, wanted.tags, wanted.purge_tags)
    actions: list[Action] = []
    if to_set:
        actions.append(SetTags({key: to_set[key] for key in sorted(to_set)}))
    if to_remove:
        actions.append(RemoveTags(tuple(sorted(to_remove))))
    return actions


def are_untold(found: dict[str, Any]) -> bool:
    """Whether AWS does not tell the tags now: of some kinds it does so only while they are available."""
    return "tags" in found and found["tags"] is None


def health_issues(found: dict[str, Any]) -> list[str]:
    """`health.issues` of an EKS description in one line each: code, message, what it concerns."""
    issues = (found.get("health") or {}).get("issues") or []
    lines = []
    for issue in issues:
        concerned = ", ".join(issue.get("resource_ids") or [])
        lines.append(f"{issue.get('code')}: {issue.get('message')}" + (f" ({concerned})" if concerned else ""))
    return lines


def failure(title: str, found: dict[str, Any], way_out: str = "") -> ResourceError:
    """What AWS says of an object in a failed state, as an error."""
    issues = health_issues(found)
    return ResourceError(
        f"{title} is {found['status']}: {'; '.join(issues) or 'AWS names no cause'}{way_out}", issues=issues
    )


def creation_failed(found: dict[str, Any]) -> str:
    """The reason to delete an object that EKS could not create, in few words."""
    codes = sorted({issue.split(":")[0] for issue in health_issues(found)})
    return f"its creation failed: {', '.join(codes) or 'no cause named'}"
