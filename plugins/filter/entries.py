# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of inventory lists with entries that may have `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.entries import in_state


def leaving(entries: Iterable[Mapping[str, Any]], *keys: str) -> list[Mapping[str, Any]]:
    """Return the absent entries with an object that no present entry names (it may have moved to another entry).

    Args:
        entries: Entries of a list, present and absent ones.
        keys: The keys that identify the object, for example `role_name`, or `namespace` and `service_account`.

    Returns:
        One entry per object, in the order of the list.
    """
    entries = list(entries)
    named = {tuple(entry[key] for key in keys) for entry in in_state(entries, "present")}
    going: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for entry in in_state(entries, "absent"):
        name = tuple(entry[key] for key in keys)
        if name not in named:
            going.setdefault(name, entry)
    return list(going.values())


def pod_roles(associations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries of eks_pod_identity_associations in the words of the role pod_identity, with every key.

    Returns:
        For each entry `namespace`, `service_account`, `name` and `statements` (empty without a created role),
        `role_arn`, `policy_arns` and `state`.
    """
    return [_pod_role(entry) for entry in associations]


def _pod_role(entry: Mapping[str, Any]) -> dict[str, Any]:
    statements = (entry.get("policy") or {}).get("Statement") or []
    return {
        "namespace": entry["namespace"],
        "service_account": entry["service_account"],
        "name": entry.get("role_name") or "",
        "role_arn": entry.get("role_arn") or "",
        "statements": [statements] if isinstance(statements, Mapping) else list(statements),
        "policy_arns": list(entry.get("policy_arns") or []),
        "state": entry.get("state", "present"),
    }


def leaving_pod_roles(pods: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is removed of the absent entries: a ServiceAccount or a role that a present entry names stays.

    Args:
        pods: From pod_roles.

    Returns:
        The absent entries of which something goes: with `association`, whether the association goes, and without `name`
        if the role stays.
    """
    pods = list(pods)
    accounts = leaving(pods, "namespace", "service_account")
    roles = leaving([pod for pod in pods if pod["name"]], "name")
    going = [
        {
            **pod,
            "association": any(pod is account for account in accounts),
            "name": pod["name"] if any(pod is role for role in roles) else "",
        }
        for pod in in_state(pods, "absent")
    ]
    return [pod for pod in going if pod["association"] or pod["name"]]


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "in_state": in_state,
            "leaving": leaving,
            "leaving_pod_roles": leaving_pod_roles,
            "pod_roles": pod_roles,
        }
