# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings and manifests of a list of applications, for roles/flask_app."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils._application_manifests import leftovers, render
from ansible_collections.flaskops.eks.plugins.module_utils._application_settings import (
    ApplicationError,
    Settings,
    resolve,
)
from ansible_collections.flaskops.eks.plugins.module_utils._applications import Shared
from ansible_collections.flaskops.eks.plugins.module_utils._manifest_parts import Manifest


def application_settings(given: Mapping[str, Any], baseline: Mapping[str, Any]) -> Settings:
    """Complete settings from the inventory's: `applications` (a list), `ingress`, `migration`, `external_secret`.

    Args:
        given: The role's variables of these names without their prefix, and `defaults`.
        baseline: The role's own settings of one `application` and the other three; they say what keys and types exist.

    Raises:
        AnsibleFilterError: names every variable and key that is wrong.
    """
    try:
        return resolve(_plain(given), _plain(baseline))
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error


def application_problems(given: Mapping[str, Any], baseline: Mapping[str, Any]) -> list[str]:
    """What `application_settings` would refuse, one sentence a problem: the variable, the key, what it must be."""
    try:
        resolve(_plain(given), _plain(baseline))
    except ApplicationError as error:
        return [f"{problem}." for problem in error.problems]
    return []


def application_manifests(settings: Settings, known: Mapping[str, Any], state: str = "present") -> list[Manifest]:
    """The manifests of a list of applications as plain data.

    Args:
        settings: Complete settings (`application_settings`).
        known: What only the run knows of the applications (_applications.Shared).
        state: `present` renders what should exist, in an order in which it can be created; `absent` names what the
            settings have switched off, for removal.

    Raises:
        AnsibleFilterError: for a port that is none.
    """
    if state not in {"present", "absent"}:
        raise AnsibleFilterError(f"application_manifests: state must be present or absent, not {state!r}")
    plain = _plain(settings)
    applications, shared = plain["applications"], Shared.read(plain, _plain(known))
    try:
        made = render(applications, shared) if state == "present" else leftovers(applications, shared)
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error
    return list(_plain(made))


def _plain(value: Any) -> Any:
    """Through JSON: values from the inventory carry tags (origin, trust) and may be shared; it removes both."""
    return json.loads(json.dumps(value, default=_container))


def _container(value: Any) -> Any:
    """Lazy containers of a template are mappings and sequences, only not the built-in ones."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise AnsibleFilterError(f"{type(value).__name__} is no plain value")


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "application_manifests": application_manifests,
            "application_problems": application_problems,
            "application_settings": application_settings,
        }
