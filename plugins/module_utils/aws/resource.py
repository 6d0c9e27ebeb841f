# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of every AWS module here: describe (talks), plan (pure), apply (talks, unless in check mode).

A resource says how it is described, what its plan is and how one action is carried out. run() does the rest: it waits
while AWS is busy, plans again after such a wait, adopts what a lost reply created, predicts in check mode, and reports.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before any of this runs
    BotoCoreError = ClientError = OSError

from ansible_collections.flaskops.eks.plugins.module_utils.aws.identity_tags import (
    identity_of,
    listed_tags,
    same_identity,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    Found,
    ResourceError,
    are_untold,
    failure,
    health_issues,
)

# Poll after a twentieth of the time waited so far, so that a wait is at most 5 % too long and APIs are not overloaded.
POLL_FRACTION = 0.05
POLL_SHORTEST = 0.5
POLL_LONGEST = 10.0

T = TypeVar("T")


class Conflict(Exception):
    """AWS says that the object exists already (a create) or is busy with another change (everything else)."""


def resource_options(wait_timeout: int | None = None) -> dict[str, dict[str, Any]]:
    """The options that the fragment flaskops.eks.resource documents.

    wait_timeout: its default, for modules that wait; they have the options of the fragment flaskops.eks.wait too.
    """
    options: dict[str, dict[str, Any]] = {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": True},
    }
    if wait_timeout is not None:
        options["wait"] = {"type": "bool", "default": True}
        options["wait_timeout"] = {"type": "int", "default": wait_timeout}
    return options


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
    """Call `probe` until `finished`, which may raise. After `timeout` seconds ResourceError reports the last state."""
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
        """The actions to perform. Pure; may raise ResourceError. `found` is also None for an object in deletion."""

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
            raise failure(self.title, found)

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
                # Again, because AWS returns the tags of some kinds only now.
                refuse_foreign(resource, present, absent=planned.deletes)
                action = next((new for new in resource.plan(present) if new.key == planned.key), None)
                busy = False
                continue
            try:
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
            sent = True
            break
        if sent:
            done.append(str(planned))
            busy = busy or planned.slow


def adopt(resource: Resource, error: Conflict) -> None:
    """A create was refused because the object exists: ours if it carries the identity tags that we would have set."""
    found = resource.describe()
    if found is None or resource.deleting(found):
        raise ResourceError(f"{resource.title} could not be created: {error}") from error
    if not are_untold(found) and not same_identity(resource.tags, found.get("tags")):
        raise ResourceError(
            f"{resource.title} exists already and its tags say that it belongs to something else. "
            "Choose another name, or set the tags on it if it shall be managed here.",
            found_tags=found.get("tags") or {},
        ) from error


def refuse_foreign(resource: Resource, present: Found, *, absent: bool) -> None:
    """Fail if the object with the wanted name belongs to another owner according to its tags.

    An object without any tag is adopted, but never removed, because our create calls set the tags. Nothing is checked
    if the task has no identity tag, or if AWS does not return the tags of the object.
    """
    own = identity_of(resource.tags)
    if present is None or are_untold(present) or same_identity(own, present.get("tags")):
        return
    if not present.get("tags") and not absent:
        return
    raise ResourceError(
        f"{resource.title} exists, and its tags ({listed_tags(present.get('tags'))}) say that it is not this "
        f"environment's own: choose another name, or set {listed_tags(own)} on it if it shall be managed here."
    )


def run(module: Any, resource: Resource) -> None:
    """Do everything and end the module: describe, plan, apply or predict, wait, report.

    module: AnsibleAWSModule. Its option `wait`, where it has one, says whether to wait until what was started has ended
    (never in check mode).
    """
    wait = bool(module.params.get("wait"))
    done: list[str] = []
    doing = "describing it"
    try:
        found = resource.describe()
        present = None if resource.deleting(found) else found
        refuse_foreign(resource, present, absent=module.params.get("state") == "absent")
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
                after = resource.describe() if actions else found
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
