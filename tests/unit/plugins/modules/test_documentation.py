"""The documentation of every AWS module matches its argument_spec; RETURN has the values for plans."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.amazon.aws.plugins.doc_fragments.common import ModuleDocFragment as Common
from ansible_collections.amazon.aws.plugins.doc_fragments.region import ModuleDocFragment as Region
from ansible_collections.amazon.aws.plugins.module_utils.modules import aws_argument_spec
from ansible_collections.flaskops.eks.plugins.doc_fragments.info import ModuleDocFragment as Info
from ansible_collections.flaskops.eks.plugins.doc_fragments.resource import ModuleDocFragment as Resource
from ansible_collections.flaskops.eks.plugins.doc_fragments.wait import ModuleDocFragment as Wait

ROOT = Path(__file__).parents[4]
RESULTS = {
    "eks_cluster": "cluster",
    "eks_nodegroup": "nodegroup",
    "eks_addon": "addon",
    "eks_access_entry": "access_entry",
    "eks_pod_identity_association": "association",
    "elasticache_replication_group": "replication_group",
    "acm_certificate": "certificate",
    "secretsmanager_secret": "secret",
    "iam_oidc_provider": "provider",
}
INFORMATION = {
    "acm_certificate_info": "certificates",
    "ecr_repository_info": "repositories",
    "eks_access_entry_info": "access_entries",
    "eks_addon_info": "addons",
    "eks_cluster_info": "clusters",
    "eks_nodegroup_info": "nodegroups",
    "eks_pod_identity_association_info": "associations",
    "elasticache_replication_group_info": "replication_groups",
    "elasticache_subnet_group_info": "subnet_groups",
    "iam_managed_policy_info": "policies",
    "rds_subnet_group_info": "subnet_groups",
    "secretsmanager_secret_info": "secrets",
}
"""Modules that only read, and the key of their result."""
EVERY = RESULTS | INFORMATION


def load(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.flaskops.eks.plugins.modules.{name}")


def documented_options(name: str) -> dict[str, Any]:
    """The options of the documentation with those of its fragments."""
    doc = yaml.safe_load(load(name).DOCUMENTATION)
    texts = {
        "flaskops.eks.info": Info.DOCUMENTATION,
        "flaskops.eks.resource": Resource.DOCUMENTATION,
        "flaskops.eks.wait": Wait.DOCUMENTATION,
        "amazon.aws.common.modules": Common.MODULES,
        "amazon.aws.region.modules": Region.MODULES,
    }
    options = dict(doc["options"])
    for fragment in doc["extends_documentation_fragment"]:
        options.update(yaml.safe_load(texts.get(fragment, "{}")).get("options") or {})
    return options


def comparable(option: dict[str, Any]) -> dict[str, Any]:
    """What documentation and argument_spec have in common."""
    nested = option.get("suboptions") or option.get("options") or {}
    return {
        "type": option.get("type", "str"),
        "elements": option.get("elements"),
        "required": bool(option.get("required")),
        "default": option.get("default"),
        "choices": list(option["choices"]) if option.get("choices") else None,
        "nested": {name: comparable(entry) for name, entry in nested.items()},
    }


@pytest.mark.parametrize("name", EVERY)
def test_options_are_those_of_the_argument_spec(name: str) -> None:
    spec = {**aws_argument_spec(), **load(name).argument_spec()}
    documented = documented_options(name)
    assert {key: comparable(option) for key, option in documented.items()} == {
        key: comparable(option) for key, option in spec.items()
    }


KEYS = {"description", "returned", "type", "elements", "sample", "contains"}


def faults(entry: dict[str, Any], path: str) -> list[str]:
    """What is missing below `path` of RETURN, or too much: a comma that is not quoted ends a text too early.

    A placeholder is built from the type and the sample of each leaf.
    """
    needed = {"description", "type", *(() if "contains" in entry else ("sample",))}
    wrong = sorted((needed - set(entry)) | (set(entry) - KEYS))
    inside = [fault for key, child in entry.get("contains", {}).items() for fault in faults(child, f"{path}.{key}")]
    return [f"{path}: {key}" for key in wrong] + inside


@pytest.mark.parametrize(("name", "result"), EVERY.items())
def test_results_are_documented_to_the_leaves(name: str, result: str) -> None:
    documented = yaml.safe_load(load(name).RETURN)
    assert set(documented) == {result} | (set() if name in INFORMATION else {"actions", "before", "after"})
    assert all(entry["returned"] == "always" for entry in documented.values())
    assert documented[result]["contains"]
    assert faults(documented[result], result) == []
    assert all(set(entry) <= KEYS for entry in documented.values())


@pytest.mark.parametrize("name", EVERY)
def test_examples_use_options_that_exist(name: str) -> None:
    options = documented_options(name)
    used = [
        task[f"flaskops.eks.{name}"] for task in yaml.safe_load(load(name).EXAMPLES) if f"flaskops.eks.{name}" in task
    ]
    assert used and all(set(arguments) <= set(options) for arguments in used)


def stems(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / "plugins" / folder).glob("*.py")}


def runtime() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8")))


def uses_connection_options(name: str, fragment: str) -> bool:
    return fragment in yaml.safe_load(load(name).DOCUMENTATION).get("extends_documentation_fragment", [])


def test_every_module_is_routed_to_the_action_that_runs_it_in_process() -> None:
    """A module with an action plugin of its own must not be routed: core would never run that plugin."""
    routed = runtime()["plugin_routing"]["modules"]
    assert routed == {
        name: {"action_plugin": "flaskops.eks.in_process"} for name in sorted(stems("modules") - stems("action"))
    }


def test_every_aws_module_is_in_the_action_group_and_has_its_documentation_checked() -> None:
    group = {entry for entry in runtime()["action_groups"]["aws"] if isinstance(entry, str)}
    with_aws_options = {name for name in stems("modules") if uses_connection_options(name, "amazon.aws.region.modules")}
    assert group == with_aws_options
    assert set(EVERY) == with_aws_options
