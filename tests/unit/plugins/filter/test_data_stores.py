"""Which engine version is asked for, what can be done with a database."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.flaskops.eks.plugins.filter.data_stores import (
    BROKEN,
    USABLE,
    database_state,
    running_version,
)

ENDPOINT = {"address": "flask-dev.abc.eu-west-1.rds.amazonaws.com", "port": 5432}


@pytest.mark.parametrize(
    ("wanted", "found", "asked"),
    [
        ("16", "16.4", "16.4"),
        ("16.4", "16.4", "16.4"),
        ("16.4", "16.6", "16.4"),
        ("16", "15.8", "16"),
        ("1", "16.4", "1"),
        ("16", "", "16"),
    ],
)
def test_a_running_release_of_the_wanted_version_is_kept(wanted, found, asked):
    assert running_version(wanted, found) == asked


def state(status: str, endpoint: dict[str, Any] | None = ENDPOINT, **more: Any) -> dict[str, Any]:
    instance = {"db_instance_status": status, **({"endpoint": endpoint} if endpoint else {}), **more}
    return database_state([instance], "flask-dev")


@pytest.mark.parametrize("status", sorted(USABLE))
def test_what_answers_is_usable_as_soon_as_it_has_an_address(status: str) -> None:
    assert state(status)["verdict"] == "usable"
    assert state(status, None)["verdict"] == "busy"
    assert state(status, {"port": 5432})["verdict"] == "busy"


@pytest.mark.parametrize(
    "status",
    ["creating", "maintenance", "modifying", "rebooting", "starting", "storage-config-upgrade", "upgrading", "new"],
)
def test_what_comes_by_itself_is_waited_for(status: str) -> None:
    found = state(status)
    assert (found["verdict"], found["problem"], found["changeable"], found["snapshot"]) == ("busy", "", True, True)


def test_what_has_no_endpoint_yet_is_not_changed() -> None:
    found = state("creating", None)
    assert (found["verdict"], found["endpoint"], found["changeable"]) == ("busy", False, False)


@pytest.mark.parametrize("status", [*sorted(BROKEN), "incompatible-anything"])
def test_what_no_waiting_helps_says_why_and_what_to_do(status: str) -> None:
    found = state(status)
    assert found["verdict"] == "broken"
    assert found["problem"].startswith(f"RDS database flask-dev is {status}: ")
    assert "{" not in found["problem"] and "run again" in found["problem"]


@pytest.mark.parametrize("endpoint", [ENDPOINT, None])
@pytest.mark.parametrize("status", ["failed", "incompatible-network", "restore-error", "stopped", "storage-full"])
def test_of_what_is_broken_only_a_full_one_can_be_changed(status: str, endpoint: dict[str, Any] | None) -> None:
    assert state(status, endpoint)["changeable"] is (status == "storage-full" and endpoint is not None)


def test_a_full_one_that_has_been_given_more_storage_is_waited_for() -> None:
    assert state("storage-full", pending_modified_values={"allocated_storage": 200})["verdict"] == "busy"
    assert state("storage-full", pending_modified_values={})["verdict"] == "broken"


@pytest.mark.parametrize("status", ["deleting", "delete-precheck"])
def test_what_goes_is_neither_changed_nor_waited_for_as_if_it_came(status: str) -> None:
    found = state(status)
    assert (found["verdict"], found["changeable"]) == ("going", False)
    assert found["problem"].endswith("Run again when it is gone.")


def test_what_is_not_there_can_be_made() -> None:
    found = database_state([], "flask-dev")
    assert (found["verdict"], found["endpoint"], found["changeable"]) == ("absent", False, True)
    assert "flask-dev is not there any more" in found["problem"]


@pytest.mark.parametrize(
    ("status", "endpoint", "more", "snapshot", "unsaved"),
    [
        ("available", ENDPOINT, {}, True, False),
        ("stopped", ENDPOINT, {}, True, False),
        ("stopped", None, {"latest_restorable_time": "2026-11-21T17:00:00+00:00"}, True, False),
        ("storage-full", ENDPOINT, {}, True, False),
        ("failed", ENDPOINT, {}, False, True),
        ("failed", None, {"latest_restorable_time": "2026-11-21T17:00:00+00:00"}, False, True),
        ("failed", None, {}, False, False),
        ("incompatible-network", ENDPOINT, {}, False, True),
        ("incompatible-restore", None, {}, False, False),
        ("insufficient-capacity", None, {}, False, False),
    ],
)
def test_a_last_snapshot_is_neither_asked_for_in_vain_nor_given_up_silently(
    status: str, endpoint: dict[str, Any] | None, more: dict[str, Any], snapshot: bool, unsaved: bool
) -> None:
    found = state(status, endpoint, **more)
    assert (found["snapshot"], bool(found["unsaved"])) == (snapshot, unsaved)
    assert not unsaved or found["unsaved"].startswith("data_stores_database_final_snapshot: ")


@pytest.mark.parametrize(
    ("status", "protected", "locked"),
    [
        ("available", True, False),
        ("storage-full", True, False),
        ("stopped", True, True),
        ("failed", True, True),
        ("failed", False, False),
    ],
)
def test_a_protection_that_cannot_be_lifted_is_told_before_anything_goes(
    status: str, protected: bool, locked: bool
) -> None:
    told = state(status, deletion_protection=protected)["locked"]
    assert bool(told) is locked
    assert not locked or "--no-deletion-protection" in told
