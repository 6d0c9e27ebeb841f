"""Instances: names, indexes, directories and secrets, in a temporary state directory."""

from __future__ import annotations

import ipaddress
import json
import stat

import pytest

from flaskops_sandbox.instance import PRINCIPALS, Instance, InstanceError


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASKOPS_STATE_ROOT", str(tmp_path / "state"))


def test_instances_share_nothing():
    one, two = Instance.make("one"), Instance.make("two")
    for field in ("address", "services_address", "network", "network_subnet", "pod_cidr", "service_cidr", "state_dir"):
        assert getattr(one, field) != getattr(two, field), field
    for field in ("network_subnet", "pod_cidr", "service_cidr"):
        assert not ipaddress.ip_network(getattr(one, field)).overlaps(ipaddress.ip_network(getattr(two, field)))


def test_expected_equals_created_instance():
    Instance.make("one")
    expected = Instance.expected("two")
    assert "two" not in Instance.names()
    assert Instance.make("two") == expected == Instance.expected("two")


def test_index_without_a_directory_is_still_assigned():
    one = Instance.make("one")
    one.state_dir.rename(one.state_dir.with_name("elsewhere"))
    assert Instance.expected("two").index != one.index
    assert Instance.make("two") == Instance.expected("two")


def test_instance_that_cannot_be_removed_keeps_its_index(monkeypatch):
    instance = Instance.make("one")
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    with pytest.raises(InstanceError, match=str(instance.state_dir)):
        instance.forget()
    assert Instance.names() == ["one"]


def test_second_make_keeps_index_and_secrets():
    first = Instance.make("one")
    assert Instance.make("one") == first
    assert Instance.make("one").credentials() == first.credentials()


def test_freed_index_is_assigned_again():
    one = Instance.make("one")
    Instance.make("two")
    one.forget()
    assert Instance.make("three").index == one.index
    assert Instance.names() == ["three", "two"]


@pytest.mark.parametrize("name", ["", "Local", "1st", "a" * 21, "with space", "../up", "-x", "local\n"])
def test_invalid_name_is_rejected(name):
    with pytest.raises(InstanceError, match="FLASKOPS_INSTANCE"):
        Instance.make(name)


def test_unknown_instance_names_the_next_step():
    with pytest.raises(InstanceError, match="make up"):
        Instance.load("nobody")


def test_secrets_are_private_and_differ_between_principals():
    instance = Instance.make("one")
    assert stat.S_IMODE(instance.credentials_file.stat().st_mode) == 0o600
    keys = instance.credentials()
    assert set(keys) == set(PRINCIPALS)
    assert len({entry["secret_key"] for entry in keys.values()}) == len(PRINCIPALS)
    assert instance.registry_password() not in json.dumps(keys)
