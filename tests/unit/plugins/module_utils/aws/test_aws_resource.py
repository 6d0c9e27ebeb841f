"""The engine with a fake AWS object: order, waiting, replanning, adoption, prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from ansible_collections.flaskops.eks.plugins.module_utils.aws import resource as engine
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Action, Found, ResourceError
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Conflict, Resource, poll, run


class Exit(Exception):
    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(str(result))
        self.result = result


class Module:
    """AnsibleAWSModule as far as the engine uses it."""

    def __init__(self, check_mode: bool, state: str, wait: bool) -> None:
        self.check_mode, self.params, self.warned = check_mode, {"state": state, "wait": wait}, []

    def exit_json(self, **result: Any) -> None:
        raise Exit(result)

    def fail_json(self, msg: str, **facts: Any) -> None:
        raise Exit({"failed": True, "msg": msg, **facts})

    def warn(self, text: str) -> None:
        self.warned.append(text)


@dataclass(frozen=True)
class Create(Action):
    value: int
    creates: ClassVar[bool] = True

    def __str__(self) -> str:
        return "create"

    def predict(self, found: Found) -> Found:
        return {"value": self.value, "status": "ACTIVE"}


@dataclass(frozen=True)
class Change(Action):
    value: int

    def __str__(self) -> str:
        return f"change to {self.value}"

    def predict(self, found: Found) -> Found:
        return {**(found or {}), "value": self.value}


@dataclass(frozen=True)
class Delete(Action):
    deletes: ClassVar[bool] = True

    def __str__(self) -> str:
        return "delete"

    def predict(self, found: Found) -> Found:
        return None


class Thing(Resource):
    """`cloud` is AWS: the description and how many looks it stays busy."""

    kind, result_key = "thing", "thing"
    busy_states = frozenset({"WORKING"})
    deleting_states = frozenset({"DELETING"})
    failed_states = frozenset({"FAILED"})

    def __init__(
        self, cloud: dict[str, Any], wanted: int | None, timeout: float = 60.0, tags: dict[str, str] | None = None
    ) -> None:
        super().__init__("t", timeout, tags)
        self.cloud, self.wanted, self.calls = cloud, wanted, []

    def describe(self) -> Found:
        self.calls.append("describe")
        self.cloud["looks"] = self.cloud.get("looks", 0) - 1
        if self.cloud["looks"] <= 0 and self.cloud.get("then") is not None:
            self.cloud["now"] = self.cloud.pop("then") or None
        return self.cloud.get("now")

    def plan(self, found: Found) -> list[Action]:
        if self.wanted is None:
            return [] if found is None else [Delete()]
        if found is None:
            return [Create(self.wanted)]
        return [] if found["value"] == self.wanted else [Change(self.wanted)]

    def apply(self, action: Action) -> None:
        self.calls.append(str(action))
        refusal = self.cloud.pop("refuse", None)
        if refusal:
            raise refusal
        after = action.predict(self.cloud.get("now"))
        status = "DELETING" if after is None else "WORKING"
        self.cloud.update(now={**(after or self.cloud["now"]), "status": status}, looks=3, then=after or {})

    def view(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"value": found["value"]}


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that only sleeping moves."""
    clock = [0.0]
    monkeypatch.setattr(engine.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(engine.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    return clock


def go(thing: Thing, wait: bool = True, check_mode: bool = False) -> dict[str, Any]:
    with pytest.raises(Exit) as caught:
        run(Module(check_mode, "absent" if thing.wanted is None else "present", wait), thing)
    return caught.value.result


def acted(thing: Thing) -> list[str]:
    return [call for call in thing.calls if call != "describe"]


def test_create_and_wait() -> None:
    result = go(Thing({}, 1))
    assert (result["changed"], result["actions"]) == (True, ["create"])
    assert (result["before"], result["after"]) == ({}, {"value": 1})
    assert result["thing"]["status"] == "ACTIVE"


def test_create_without_waiting_returns_at_once() -> None:
    thing = Thing({}, 1)
    assert go(thing, wait=False)["thing"]["status"] == "WORKING"
    assert thing.calls == ["describe", "create", "describe"]


def test_equal_object_is_read_once() -> None:
    thing = Thing({"now": {"value": 1, "status": "ACTIVE"}}, 1)
    result = go(thing)
    assert (result["changed"], thing.calls) == (False, ["describe"])


def test_waiting_for_an_earlier_run_is_no_change() -> None:
    cloud = {"now": {"value": 1, "status": "WORKING"}, "looks": 4, "then": {"value": 1, "status": "ACTIVE"}}
    result = go(Thing(cloud, 1))
    assert (result["changed"], result["thing"]["status"]) == (False, "ACTIVE")


def test_check_mode_predicts_the_same_and_changes_nothing() -> None:
    thing = Thing({"now": {"value": 1, "status": "ACTIVE"}}, 2)
    predicted = go(thing, check_mode=True)
    assert acted(thing) == []
    real = go(thing)
    assert {key: predicted[key] for key in ("changed", "actions", "before", "after", "diff")} == {
        key: real[key] for key in ("changed", "actions", "before", "after", "diff")
    }


def test_busy_object_is_waited_for_and_planned_again() -> None:
    cloud = {"now": {"value": 1, "status": "WORKING"}, "looks": 3, "then": {"value": 2, "status": "ACTIVE"}}
    thing = Thing(cloud, 2)
    result = go(thing)
    assert (acted(thing), result["changed"], result["actions"]) == ([], False, [])


def test_a_change_waits_for_a_busy_object_even_without_wait() -> None:
    cloud = {"now": {"value": 1, "status": "WORKING"}, "looks": 3, "then": {"value": 1, "status": "ACTIVE"}}
    thing = Thing(cloud, 2)
    assert go(thing, wait=False)["actions"] == ["change to 2"]


def test_object_being_deleted_is_created_again_afterwards() -> None:
    cloud = {"now": {"value": 1, "status": "DELETING"}, "looks": 3, "then": {}}
    result = go(Thing(cloud, 1))
    assert (result["actions"], result["before"], result["after"]) == (["create"], {}, {"value": 1})


def test_deleting_an_object_being_deleted_only_waits() -> None:
    cloud = {"now": {"value": 1, "status": "DELETING"}, "looks": 3, "then": {}}
    result = go(Thing(cloud, None))
    assert (result["changed"], result["thing"], result["after"]) == (False, {}, {})


def test_delete_and_wait() -> None:
    result = go(Thing({"now": {"value": 1, "status": "ACTIVE"}}, None))
    assert (result["actions"], result["before"], result["after"], result["thing"]) == (["delete"], {"value": 1}, {}, {})


def test_rejection_by_a_busy_object_is_retried_while_needed() -> None:
    thing = Thing({"now": {"value": 1, "status": "ACTIVE"}, "refuse": Conflict("update in progress")}, 2)
    assert go(thing)["actions"] == ["change to 2"]
    assert acted(thing) == ["change to 2", "change to 2"]


@pytest.mark.parametrize("wait", [True, False])
def test_rejected_change_made_by_another_client_is_not_reported(wait: bool) -> None:
    class Overtaken(Thing):
        def apply(self, action: Action) -> None:
            self.cloud["now"] = {"value": 2, "status": "ACTIVE"}
            raise Conflict("update in progress")

    result = go(Overtaken({"now": {"value": 1, "status": "ACTIVE"}}, 2), wait=wait)
    assert (result["changed"], result["actions"]) == (False, [])
    assert (result["before"], result["after"]) == ({"value": 1}, {"value": 2})


def test_permanent_rejection_ends_with_its_reason() -> None:
    class Stubborn(Thing):
        def apply(self, action: Action) -> None:
            raise Conflict("update in progress")

    result = go(Stubborn({"now": {"value": 1, "status": "ACTIVE"}}, 2, timeout=30.0))
    assert result["failed"]
    assert "AWS kept refusing: update in progress" in result["msg"]


def test_lost_create_response_is_adopted_by_tags() -> None:
    tags = {"flaskops:environment": "dev", "note": "new"}

    class Lost(Thing):
        def apply(self, action: Action) -> None:
            self.cloud["now"] = {"value": 1, "status": "ACTIVE", "tags": {"flaskops:environment": self.cloud["owner"]}}
            raise Conflict("exists")

    assert go(Lost({"owner": "dev"}, 1, tags=tags))["actions"] == ["create"]
    result = go(Lost({"owner": "prod"}, 1, tags=tags))
    assert "belongs to something else" in result["msg"]


@pytest.mark.parametrize("wanted", [1, 2, None])
def test_object_of_another_owner_is_neither_changed_nor_deleted(wanted: int | None) -> None:
    theirs = {"value": 1, "status": "ACTIVE", "tags": {"flaskops:environment": "prod"}}
    thing = Thing({"now": dict(theirs)}, wanted, tags={"flaskops:environment": "dev"})
    message = go(thing)["msg"]
    assert "its tags (flaskops:environment=prod) say that it is not this environment's own" in message
    assert "set flaskops:environment=dev on it" in message
    assert (thing.cloud["now"], acted(thing)) == (theirs, [])


@pytest.mark.parametrize(
    ("wanted", "tags", "actions"),
    [
        (2, {"flaskops:environment": "dev"}, ["change to 2"]),
        (None, {"flaskops:environment": "dev"}, None),
        (None, {"note": "mine"}, ["delete"]),
        (None, None, ["delete"]),
    ],
    ids=["adopted", "refused", "no identity among the tags", "no tags said"],
)
@pytest.mark.parametrize("found", [{}, {"tags": {}}], ids=["no tags key", "empty tags"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_untagged_object_is_adopted_but_never_removed(
    wanted: int | None,
    tags: dict[str, str] | None,
    actions: list[str] | None,
    found: dict[str, Any],
    check_mode: bool,
) -> None:
    thing = Thing({"now": {"value": 1, "status": "ACTIVE", **found}}, wanted, tags=tags)
    result = go(thing, check_mode=check_mode)
    assert result.get("actions") == (actions or [])
    assert bool(result.get("failed")) is (actions is None)
    assert ("its tags (none) say" in result.get("msg", "")) is (actions is None)
    assert acted(thing) == ([] if check_mode else actions or [])


@pytest.mark.parametrize("wanted", [2, None])
def test_owner_is_checked_as_soon_as_tags_are_known(wanted: int | None) -> None:
    """ElastiCache tells the tags of a group only while it is available."""
    theirs = {"value": 1, "status": "ACTIVE", "tags": {"flaskops:environment": "prod"}}
    working = {**theirs, "status": "WORKING", "tags": None}
    thing = Thing({"now": working, "looks": 2, "then": theirs}, wanted, tags={"flaskops:environment": "dev"})
    assert "say that it is not this environment's own" in go(thing)["msg"]
    assert (thing.cloud["now"], acted(thing)) == (theirs, [])


@pytest.mark.parametrize("tags", [None, {"note": "mine"}])
def test_without_identity_tags_nothing_is_rejected(tags: dict[str, str] | None) -> None:
    theirs = {"value": 1, "status": "ACTIVE", "tags": {"flaskops:environment": "prod", "note": "mine"}}
    assert go(Thing({"now": theirs}, 1, tags=tags))["changed"] is False


def test_failed_operation_names_the_issues() -> None:
    issue = {"code": "AccessDenied", "message": "no", "resource_ids": ["r-1"]}
    cloud = {
        "now": {"value": 1, "status": "WORKING"},
        "looks": 2,
        "then": {"value": 1, "status": "FAILED", "health": {"issues": [issue]}},
    }
    result = go(Thing(cloud, 1))
    assert result["msg"] == "thing t is FAILED: AccessDenied: no (r-1)"


def test_timeout_reports_the_last_state(no_sleep: list[float]) -> None:
    cloud = {"now": {"value": 1, "status": "WORKING"}, "looks": 10**6, "then": {"value": 1, "status": "ACTIVE"}}
    result = go(Thing(cloud, 1, timeout=100.0))
    assert "not finished after 100 s (last seen: WORKING)" in result["msg"]
    assert no_sleep[0] == pytest.approx(100.0, abs=0.2)


def test_polling_delays_at_most_five_percent(no_sleep: list[float]) -> None:
    looks = []

    def probe() -> float:
        looks.append(no_sleep[0])
        return no_sleep[0]

    poll(probe, lambda now: now >= 570.0, timeout=1200.0, what="x")
    assert no_sleep[0] <= 570.0 * 1.05
    assert len(looks) < 130


def test_poll_raises_errors() -> None:
    def broken() -> int:
        raise ResourceError("broken")

    with pytest.raises(ResourceError, match="broken"):
        poll(broken, bool, timeout=1.0, what="x")
