"""Requested engine version, and allowed operations on a database."""

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
def test_running_release_of_the_wanted_version_is_kept(wanted, found, asked):
    assert running_version(wanted, found) == asked


def state(status: str, endpoint: dict[str, Any] | None = ENDPOINT, **more: Any) -> dict[str, Any]:
    instance = {"db_instance_status": status, **({"endpoint": endpoint} if endpoint else {}), **more}
    return database_state([instance], "flask-dev")


@pytest.mark.parametrize("status", sorted(USABLE))
def test_available_database_with_an_endpoint_is_usable(status: str) -> None:
    assert state(status)["verdict"] == "usable"
    assert state(status, None)["verdict"] == "busy"
    assert state(status, {"port": 5432})["verdict"] == "busy"


@pytest.mark.parametrize(
    "status",
    ["creating", "maintenance", "modifying", "rebooting", "starting", "storage-config-upgrade", "upgrading", "new"],
)
def test_transient_status_is_busy(status: str) -> None:
    found = state(status)
    assert (found["verdict"], found["problem"], found["changeable"], found["snapshot"]) == ("busy", "", True, True)


def test_database_without_endpoint_is_not_changeable() -> None:
    found = state("creating", None)
    assert (found["verdict"], found["endpoint"], found["changeable"]) == ("busy", False, False)


@pytest.mark.parametrize("status", [*sorted(BROKEN), "incompatible-anything"])
def test_broken_status_has_cause_and_remedy(status: str) -> None:
    found = state(status)
    assert found["verdict"] == "broken"
    assert found["problem"].startswith(f"RDS database flask-dev is {status}: ")
    assert "{" not in found["problem"] and "run again" in found["problem"]


@pytest.mark.parametrize("endpoint", [ENDPOINT, None])
@pytest.mark.parametrize("status", ["failed", "incompatible-network", "restore-error", "stopped", "storage-full"])
def test_only_a_full_broken_database_is_changeable(status: str, endpoint: dict[str, Any] | None) -> None:
    assert state(status, endpoint)["changeable"] is (status == "storage-full" and endpoint is not None)


def test_full_database_with_pending_storage_is_busy() -> None:
    assert state("storage-full", pending_modified_values={"allocated_storage": 200})["verdict"] == "busy"
    assert state("storage-full", pending_modified_values={})["verdict"] == "broken"


@pytest.mark.parametrize("status", ["deleting", "delete-precheck"])
def test_database_being_deleted_is_not_changeable(status: str) -> None:
    found = state(status)
    assert (found["verdict"], found["changeable"]) == ("going", False)
    assert found["problem"].endswith("Run again when it is deleted.")


def test_missing_database_can_be_created() -> None:
    found = database_state([], "flask-dev")
    assert (found["verdict"], found["endpoint"], found["changeable"]) == ("absent", False, True)
    assert "flask-dev does not exist" in found["problem"]


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
def test_final_snapshot_is_taken_or_reported_as_impossible(
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
def test_deletion_protection_that_cannot_be_disabled_is_reported(status: str, protected: bool, locked: bool) -> None:
    told = state(status, deletion_protection=protected)["locked"]
    assert bool(told) is locked
    assert not locked or "--no-deletion-protection" in told
