"""Records agree with the documentation of their modules and the AWS API."""

from __future__ import annotations

import importlib
import typing as t
from functools import cache

import botocore.session
import pytest
import yaml
from ansible_collections.flaskops.eks.plugins.plugin_utils.records import RECORDS, record
from ansible_collections.flaskops.eks.plugins.plugin_utils.records.record import Constant, Info, Record

MODELS = {"elasticloadbalancing": "elbv2"}
"""Services whose actions in IAM have another prefix than botocore's name of the service."""
WITHOUT_TWIN = {"flaskops.eks.iam_oidc_provider"}
"""Modules that nothing reads for: no role asks for their objects."""
MANAGING = [entry for entry in RECORDS.values() if not entry.module.endswith("_info") and entry.kind]
TWINS = [(entry, info) for entry in RECORDS.values() for info in (entry.info, entry.listing) if info is not None]


@cache
def documentation(fqcn: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The options of a module (those of its fragments left out), and its documented results."""
    namespace, name, module = fqcn.split(".")
    loaded = importlib.import_module(f"ansible_collections.{namespace}.{name}.plugins.modules.{module}")
    options = yaml.safe_load(loaded.DOCUMENTATION).get("options") or {}
    aliases = {alias: option for option in options.values() for alias in option.get("aliases", [])}
    if "flaskops.eks.resource" in loaded.DOCUMENTATION or "amazon.aws.tags" in loaded.DOCUMENTATION:
        options["tags"] = {}
    return {**options, **aliases}, yaml.safe_load(loaded.RETURN) or {}


def options_of(argument: t.Any) -> list[str]:
    """The options of a task that an argument of the info twin needs."""
    if isinstance(argument, Constant):
        return []
    if isinstance(argument, str):
        return [argument]
    items = argument.values() if isinstance(argument, dict) else argument
    return [option for item in items for option in options_of(item)]


def test_each_module_has_one_record_under_its_name() -> None:
    assert all(name == entry.module and name.count(".") == 2 for name, entry in RECORDS.items())
    assert record("amazon.aws.iam_role") is RECORDS["amazon.aws.iam_role"]
    assert record("amazon.aws.unknown") == Record("amazon.aws.unknown")


@pytest.mark.parametrize("entry", MANAGING, ids=lambda entry: entry.module)
def test_a_managing_module_names_its_options_and_how_it_is_read_and_listed(entry: Record) -> None:
    options, _ = documentation(entry.module)
    assert set(entry.identity) <= set(options)
    assert {parent.option for parent in entry.parents} <= set(options)
    assert entry.info is not None or entry.module in WITHOUT_TWIN
    # An inline policy has no tags and is listed with its role.
    assert entry.resource_type or entry.listing or entry.module == "amazon.aws.iam_policy"
    assert set(entry.ask_again or {}) <= set(options)


@pytest.mark.parametrize(("entry", "info"), TWINS, ids=lambda value: getattr(value, "module", None))
def test_an_info_twin_is_called_and_read_as_it_is_documented(entry: Record, info: Info) -> None:
    options, returns = documentation(info.module)
    assert set(info.arguments) <= set(options)
    needed = {option for argument in info.arguments.values() for option in options_of(argument)}
    assert needed <= set(documentation(entry.module)[0])
    # route53_info documents the result of one of its queries.
    if info.module != "amazon.aws.route53_info":
        assert info.result in returns
        contains = returns[info.result].get("contains") or {}
        assert not contains or {info.name, *([info.tags] if info.tags else [])} <= set(contains)


@pytest.mark.parametrize("entry", RECORDS.values(), ids=RECORDS)
def test_the_actions_exist(entry: Record) -> None:
    session = botocore.session.get_session()
    for action in entry.actions:
        service, operation = action.split(":")
        assert operation in session.get_service_model(MODELS.get(service, service)).operation_names, action
    assert len(set(entry.actions)) == len(entry.actions)


def test_arguments_follow_from_the_task() -> None:
    info = Info("a.b.c", {"filters": {"tag:Name": "name"}, "names": ["name"], "query": Constant("x")}, "things", "id")
    assert info.arguments_of({"name": "n"}) == {"filters": {"tag:Name": "n"}, "names": ["n"], "query": "x"}


@pytest.mark.parametrize(
    ("result", "names"),
    [
        ({"things": [{"id": "1"}, {"id": "2"}]}, ["1", "2"]),
        ({"things": [], "results": [1]}, []),
        ({"results": [{"things": [{"id": "1"}]}, {"skipped": True}, {"things": [{"id": "2"}]}]}, ["1", "2"]),
        ({"skipped": True}, []),
        ({"things": None}, []),
    ],
)
def test_objects_of_a_result_and_of_a_loop(result: dict[str, t.Any], names: list[str]) -> None:
    assert [found["id"] for found in Info("a.b.c", {}, "things", "id").objects(result)] == names
