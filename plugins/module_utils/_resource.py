# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of every AWS module here: describe (talks), plan (pure), apply (talks, unless in check mode).

A resource says how it is described, what its plan is and how one action is carried out. run() does the rest: it waits
while AWS is busy, plans again after such a wait, adopts what a lost reply created, predicts in check mode, and reports.
"""

from __future__ import annotations

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before any of this runs
    BotoCoreError = ClientError = OSError

from ansible.module_utils.common.text.converters import to_text
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

# What AWS decides only when the object is made. The in-process runner knows the same words (plugins/plugin_utils).
UNKNOWN = "(known after apply)"

# With the name these say whose an object is; other tags may change without making it somebody else's.
IDENTITY_TAGS = ("flaskops:environment", "flaskops:component", "flaskops:managed-by")

# One poll every twentieth of the time waited so far: at most 5 % of a wait is lost, and nobody is asked too often.
POLL_FRACTION = 0.05
POLL_SHORTEST = 0.5
POLL_LONGEST = 10.0

Found = dict[str, Any] | None
T = TypeVar("T")


class ResourceError(Exception):
    """A refusal or failure in the user's words. `facts` go into the module's result."""

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.facts = facts


class Conflict(Exception):
    """AWS says that the object exists already (a create) or is busy with another change (everything else)."""


@dataclass(frozen=True)
class Action:
    """One change. Data only: what it does is read by the resource, what it says by the user."""

    # AWS goes on working after the call has returned; the next action has to wait for that
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


def wanted_tags(params: dict[str, Any]) -> dict[str, str] | None:
    """The module's `tags` with keys and values as text, as AWS stores them; None when not mentioned."""
    tags = params.get("tags")
    return None if tags is None else {to_text(key): to_text(value) for key, value in tags.items()}


def plan_tags(found: dict[str, str] | None, wanted: dict[str, str] | None, purge: bool) -> list[Action]:
    """The tag changes. Tags of AWS itself (aws:...) are never purged."""
    if wanted is None:
        return []
    to_set, to_remove = compare_aws_tags(found or {}, wanted, purge)
    actions: list[Action] = []
    if to_set:
        actions.append(SetTags({key: to_set[key] for key in sorted(to_set)}))
    if to_remove:
        actions.append(RemoveTags(tuple(sorted(to_remove))))
    return actions


def same_identity(wanted: dict[str, str] | None, found: dict[str, str] | None) -> bool:
    """Whether `found` carries every identity tag that is wanted, with the same value."""
    return all((found or {}).get(key) == value for key, value in (wanted or {}).items() if key in IDENTITY_TAGS)


def _status(seen: Any) -> str:
    return str(seen.get("status") if isinstance(seen, dict) else seen)


def poll(
    probe: Callable[[], T],
    finished: Callable[[T], bool],
    *,
    timeout: float,
    what: str,
    tell: Callable[[T], str] = _status,
) -> T:
    """Ask until `finished`; it may raise. `timeout` in seconds, after which ResourceError tells what was last seen."""
    start = time.monotonic()
    while True:
        seen = probe()
        if finished(seen):
            return seen
        waited = time.monotonic() - start
        if waited >= timeout:
            raise ResourceError(
                f"{what}: not finished after {round(waited)} s (last seen: {tell(seen)}). AWS goes on working; "
                "run again to go on waiting, with a greater wait_timeout if this is usual.",
                last_seen=seen,
            )
        time.sleep(min(max(waited * POLL_FRACTION, POLL_SHORTEST), POLL_LONGEST, max(timeout - waited, 0.05)))


class Resource(ABC):
    """One object of AWS. Descriptions are snake_case dictionaries; their `status` is compared with the sets below."""

    kind: ClassVar[str]  # for messages, e.g. "EKS cluster"
    result_key: ClassVar[str]  # the module's result that holds the full description
    busy_states: ClassVar[frozenset[str]] = frozenset()
    deleting_states: ClassVar[frozenset[str]] = frozenset()
    failed_states: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str, timeout: float, tags: dict[str, str] | None = None) -> None:
        self.name = name
        self.timeout = timeout
        self.tags = tags

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"{self.kind} {self.name}"

    @abstractmethod
    def describe(self) -> Found:
        """Ask AWS. None when it does not exist."""

    @abstractmethod
    def plan(self, found: Found) -> list[Action]:
        """What to do. Pure. `found` is None also for what is being deleted. Raises ResourceError for a refusal."""

    @abstractmethod
    def apply(self, action: Action) -> None:
        """Carry one action out. Raises Conflict when AWS says busy or exists."""

    @abstractmethod
    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        """The managed part of a description under the module's option names: before, after and the diff."""

    def busy(self, found: Found) -> bool:
        """Whether AWS accepts no change now."""
        return found is not None and found.get("status") in (self.busy_states | self.deleting_states)

    def settled(self, found: Found) -> bool:
        """Whether a waiting module may end."""
        return not self.busy(found)

    def deleting(self, found: Found) -> bool:
        return found is not None and found.get("status") in self.deleting_states

    def check(self, found: Found) -> None:
        """Raise ResourceError when the wait ended in a failed state."""
        if found is not None and found.get("status") in self.failed_states:
            issues = health_issues(found)
            raise ResourceError(
                f"{self.title} is {found['status']}: {'; '.join(issues) or 'AWS names no cause'}", issues=issues
            )

    def wait_idle(self) -> Found:
        """Wait until AWS accepts a change."""
        return poll(
            self.describe, lambda found: not self.busy(found), timeout=self.timeout, what=self.title, tell=self.progress
        )

    def progress(self, found: Found) -> str:
        """How far a wait has come, for its timeout message."""
        if found is None:
            return "not there"
        return "; ".join([str(found.get("status")), *health_issues(found)])

    def explain_conflict(self, action: Action, error: Conflict) -> None:
        """Raise ResourceError when waiting cannot help, e.g. because something else holds the object."""
        return None

    def complete(self, found: dict[str, Any]) -> dict[str, Any]:
        """For check mode: the same description with UNKNOWN where AWS has not decided yet."""
        return found

    def warnings(self, found: dict[str, Any]) -> list[str]:
        """What the user should know though it is no failure."""
        return []


def health_issues(found: dict[str, Any]) -> list[str]:
    """`health.issues` of an EKS description in one line each: code, message, what it concerns."""
    issues = (found.get("health") or {}).get("issues") or []
    lines = []
    for issue in issues:
        concerned = ", ".join(issue.get("resource_ids") or [])
        lines.append(f"{issue.get('code')}: {issue.get('message')}" + (f" ({concerned})" if concerned else ""))
    return lines


def perform(resource: Resource, actions: list[Action], found: Found, done: list[str]) -> None:
    """Carry the actions out in order and append each to `done` when AWS has taken it.

    Whenever AWS was busy the plan is made again: the change before may already have done what was planned.
    """
    busy = resource.busy(found)
    for planned in actions:
        action: Action | None = planned
        sent = False
        deadline = time.monotonic() + resource.timeout
        while action is not None:
            if busy:
                current = resource.wait_idle()
                present = None if resource.deleting(current) else current
                action = next((new for new in resource.plan(present) if new.key == planned.key), None)
                busy = False
                continue
            try:
                sent = True
                resource.apply(action)
            except Conflict as error:
                if action.creates:
                    adopt(resource, error)
                else:
                    resource.explain_conflict(action, error)
                    if time.monotonic() >= deadline:
                        raise ResourceError(f"{resource.title}: {planned}: AWS kept refusing: {error}") from error
                    time.sleep(min(POLL_LONGEST, max(1.0, resource.timeout * POLL_FRACTION / 10)))
                    busy = True
                    continue
            break
        if sent:
            done.append(str(planned))
            busy = busy or planned.slow


def adopt(resource: Resource, error: Conflict) -> None:
    """A create was refused because the object exists: ours if it carries the identity tags that we would have set."""
    found = resource.describe()
    if found is None or resource.deleting(found):
        raise ResourceError(f"{resource.title} could not be created: {error}") from error
    if not same_identity(resource.tags, found.get("tags")):
        raise ResourceError(
            f"{resource.title} exists already and its tags say that it belongs to something else. "
            "Choose another name, or set the tags on it if it shall be managed here.",
            found_tags=found.get("tags") or {},
        ) from error


def refuse_foreign(resource: Resource, present: dict[str, Any] | None) -> None:
    """Refuse an object of the wanted name whose tags say that it is something else's; one without any tag is adopted.

    Only where the task says what is its own, by a tag of IDENTITY_TAGS.
    """
    says_own = any(key in IDENTITY_TAGS for key in resource.tags or {})
    if present and present.get("tags") and says_own and not same_identity(resource.tags, present["tags"]):
        raise ResourceError(
            f"{resource.title} exists, and its tags say that it is not this environment's own: choose another name, "
            f"or set the tags {', '.join(IDENTITY_TAGS)} on it if it shall be managed here"
        )


def run(module: Any, resource: Resource, wait: bool = False) -> None:
    """Do everything and end the module: describe, plan, apply or predict, wait, report.

    module: AnsibleAWSModule. wait: whether to wait until what was started has ended (never in check mode).
    """
    done: list[str] = []
    doing = "describing it"
    try:
        found = resource.describe()
        present = None if resource.deleting(found) else found
        refuse_foreign(resource, present)
        actions = resource.plan(present)
        if module.check_mode:
            after = present
            for action in actions:
                after = action.predict(after)
            after = resource.complete(after) if after is not None else None
            done = [str(action) for action in actions]
        else:
            doing = "; ".join(str(action) for action in actions) or "waiting for it"
            perform(resource, actions, found, done)
            created = module.params.get("state") != "absent" and any(action.creates for action in actions)
            if wait and (done or not resource.settled(found)):
                # a new object may be missing from the list for a moment
                after = poll(
                    resource.describe,
                    lambda seen: resource.settled(seen) and not (created and seen is None),
                    timeout=resource.timeout,
                    what=resource.title,
                    tell=resource.progress,
                )
            else:
                after = resource.describe() if done else found
            if wait:
                resource.check(after)
            after = None if resource.deleting(after) else after
    except ResourceError as error:
        module.fail_json(msg=str(error), changed=bool(done), actions=done, **error.facts)
    except Conflict as error:
        module.fail_json(msg=f"{resource.title}: {doing}: {error}", changed=bool(done), actions=done)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"{resource.title}: {doing}", changed=bool(done), actions=done)
    for warning in resource.warnings(after) if after else []:
        module.warn(warning)
    before_view = resource.view(present) if present else {}
    after_view = resource.view(after) if after else {}
    module.exit_json(
        changed=bool(done),
        actions=done,
        before=before_view,
        after=after_view,
        diff={"before": before_view, "after": after_view},
        **{resource.result_key: after or {}},
    )
