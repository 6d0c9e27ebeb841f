# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which applications cannot be deployed, and why. The others go on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .context import SHARED_INSTANCE
from .metadata import INSTANCE_LABEL, NAME_LABEL
from .pruning import config_maps_of, secrets_of

Object = Mapping[str, Any]
Key = tuple[str, str]
Failure = Mapping[str, str]
"""What failed: `kind`, `name` and `message`."""


def failed_applications(manifests: Sequence[Object], failures: Iterable[Failure]) -> dict[str, list[str]]:
    """The applications that cannot be deployed, each with the messages that say why.

    An application fails with every object that it needs: its own, a shared one that its pods read, and the shared
    migration if it runs the shared image and has no migration of its own.

    Args:
        manifests: Everything that is rendered.
        failures: Objects that were refused, did not become ready or failed.

    Returns:
        By the label app.kubernetes.io/instance; `shared` stands for the shared migration, and for objects that no
        application needs.
    """
    known, needs = list(failures), _needs(manifests)
    found = {
        instance: [item["message"] for item in known if (item["kind"], item["name"]) in needed]
        for instance, needed in needs.items()
    }
    needed_by_any = set().union(*needs.values())
    others = [item["message"] for item in known if (item["kind"], item["name"]) not in needed_by_any]
    found[SHARED_INSTANCE] = [*found.get(SHARED_INSTANCE, []), *others]
    return {instance: messages for instance, messages in found.items() if messages}


def without_failed(manifests: Iterable[Object], failed: Mapping[str, Any]) -> list[Object]:
    """The manifests without those of failed applications. Of shared ones, only a failed migration's Job is left out."""
    return [
        item
        for item in manifests
        if _label(item, INSTANCE_LABEL) not in failed
        or (_label(item, INSTANCE_LABEL) == SHARED_INSTANCE and item["kind"] != "Job")
    ]


def failure_report(failed: Mapping[str, Sequence[str]], applications: Sequence[str]) -> str:
    """The message with which a run fails: every application that was not deployed, with its causes.

    Args:
        failed: From failed_applications.
        applications: Names of all applications of the list.
    """
    names = [name for name in applications if name in failed]
    head = f"flask_app_applications: {len(names)} of {len(applications)} not deployed: {', '.join(names)}"
    if not names:
        head = "flask_app_applications: all are deployed, but objects that they share are not"
    elif len(names) < len(applications):
        head += "; the others are deployed"
    causes: dict[str, list[str]] = {}
    for name in names:
        for message in failed[name]:
            causes.setdefault(message, []).append(name)
    for message in failed.get(SHARED_INSTANCE, []):
        causes.setdefault(message, [SHARED_INSTANCE])
    return "\n".join([head, *(f"{', '.join(affected)}: {message}" for message, affected in causes.items())])


def _needs(manifests: Sequence[Object]) -> dict[str, set[Key]]:
    """The objects without which each application, or the shared migration, cannot run."""
    shared = [item for item in manifests if _label(item, INSTANCE_LABEL) == SHARED_INSTANCE]
    migrations = {_label(item, NAME_LABEL) for item in shared if item["kind"] == "Job"}
    migration = [item for item in shared if _label(item, NAME_LABEL) in migrations]
    needs = {SHARED_INSTANCE: _keys(migration, manifests)} if migration else {}
    for name in dict.fromkeys(_label(item, INSTANCE_LABEL) for item in manifests):
        if name in {"", SHARED_INSTANCE}:
            continue
        own = [item for item in manifests if _label(item, INSTANCE_LABEL) == name]
        needs[name] = _keys(own, manifests)
        # The shared migration prepares the database for the shared image only.
        if not any(item["kind"] == "Job" for item in own) and _images(own) & _images(migration):
            needs[name] |= needs.get(SHARED_INSTANCE, set())
    return needs


def _keys(items: Sequence[Object], manifests: Sequence[Object]) -> set[Key]:
    """The objects themselves, and those that their pods read."""
    config_maps = {name for item in items for name in config_maps_of(item)}
    secrets = {name for item in items for name in secrets_of(item)}
    read = {("ConfigMap", name) for name in config_maps}
    read |= {
        ("ExternalSecret", str(item["metadata"]["name"]))
        for item in manifests
        if item["kind"] == "ExternalSecret" and item["spec"]["target"]["name"] in secrets
    }
    return read | {(str(item["kind"]), str(item["metadata"]["name"])) for item in items}


def _images(items: Iterable[Object]) -> set[str]:
    """The images that workloads run."""
    pods = [((item.get("spec") or {}).get("template") or {}).get("spec") or {} for item in items]
    return {str(container.get("image")) for pod in pods for container in pod.get("containers") or []}


def _label(item: Object, label: str) -> str:
    return str((item["metadata"].get("labels") or {}).get(label, ""))
