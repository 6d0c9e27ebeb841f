# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests as files: one file for each application and one for what they share, so that a diff is readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from .context import SHARED_INSTANCE
from .metadata import INSTANCE_LABEL

SUFFIX = ".yaml"
WIDTH = 120


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Indents the items of lists, as people write Kubernetes manifests."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def manifest_files(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The files in the order in which they can be applied: `name` and `content`."""
    files: dict[str, list[Mapping[str, Any]]] = {}
    for item in manifests:
        labels = item["metadata"].get("labels") or {}
        files.setdefault(str(labels.get(INSTANCE_LABEL, SHARED_INSTANCE)), []).append(item)
    return [{"name": f"{name}{SUFFIX}", "content": _text(items)} for name, items in files.items()]


def _text(items: list[Mapping[str, Any]]) -> str:
    return str(yaml.dump_all(items, Dumper=_Dumper, sort_keys=False, explicit_start=True, width=WIDTH))
