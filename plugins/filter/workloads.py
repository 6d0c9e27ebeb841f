# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that bring lists of names into the shapes that Kubernetes manifests and charts want."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def workloads(names: Iterable[str], kind: str = "Deployment") -> list[dict[str, str]]:
    """Names of one kind as the rollout module takes them."""
    return [{"kind": kind, "name": str(name)} for name in names]


def secret_environment(names: Iterable[str], secret: str) -> list[dict[str, Any]]:
    """Environment variables, each from the key of its own name in a Secret."""
    return [{"name": str(name), "valueFrom": {"secretKeyRef": {"name": secret, "key": str(name)}}} for name in names]


def base64_values(values: Mapping[str, Any]) -> dict[str, str]:
    """The `data` of a Secret.

    `stringData` is no alternative: the API server moves it into `data` and forgets who wrote it, so that a key which is
    taken out again would stay for ever under server-side apply.
    """
    return {str(key): base64.b64encode(str(value).encode()).decode() for key, value in values.items()}


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "base64_values": base64_values,
            "secret_environment": secret_environment,
            "workloads": workloads,
        }
