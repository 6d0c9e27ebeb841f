# Copyright: (c) 2026, flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The manifests of a list of applications, for roles/flask_app."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.flaskops.eks.plugins.module_utils._application_manifests import Manifest, leftovers, render
from ansible_collections.flaskops.eks.plugins.module_utils._applications import ApplicationError, Shared, resolve


def application_manifests(
    applications: Sequence[Mapping[str, Any]],
    defaults: Mapping[str, Any],
    baseline: Mapping[str, Any],
    shared: Mapping[str, Any],
    state: str = "present",
) -> list[Manifest]:
    """The manifests of a list of applications as plain data.

    Args:
        applications: The applications' own settings; described in roles/flask_app/meta/argument_specs.yml.
        defaults: What the inventory sets for all of them.
        baseline: The role's complete settings, which also say which keys exist.
        shared: What the applications of the namespace have in common (_applications.Shared).
        state: `present` renders what should exist, in an order in which it can be created; `absent` names what the
            settings have switched off, for removal.

    Raises:
        AnsibleFilterError: names the application and the key that are wrong.
    """
    if state not in {"present", "absent"}:
        raise AnsibleFilterError(f"application_manifests: state must be present or absent, not {state!r}")
    try:
        # Values from the inventory carry tags (origin, trust) and may be shared between manifests: JSON removes both.
        plain = json.loads(json.dumps([list(applications), defaults, baseline, shared], default=_plain))
        settings, common = resolve(*plain[:3]), Shared.read(plain[3])
        made = render(settings, common) if state == "present" else leftovers(settings, common)
    except ApplicationError as error:
        raise AnsibleFilterError(str(error)) from error
    return list(json.loads(json.dumps(made)))


def _plain(value: Any) -> Any:
    """Lazy containers of a template are mappings and sequences, only not the built-in ones."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise AnsibleFilterError(f"application_manifests: {type(value).__name__} is no plain value")


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"application_manifests": application_manifests}
