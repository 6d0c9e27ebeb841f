# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, labels and selectors, and the outer shape of every object."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN, is_unknown

from .context import SHARED_INSTANCE, Application, Manifest, Shared
from .kinds import KINDS
from .releases import SLOT_LABEL

MANAGED_BY = "flaskops.eks"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
PART_OF_LABEL = "app.kubernetes.io/part-of"
NAME_LABEL = "app.kubernetes.io/name"
INSTANCE_LABEL = "app.kubernetes.io/instance"
VERSION_LABEL = "app.kubernetes.io/version"


def selector(app: Application, slot: str = "") -> dict[str, str]:
    """The labels that select the pods of a slot, or of all slots. They never change: selectors are immutable."""
    selected = {NAME_LABEL: app.name, INSTANCE_LABEL: app.instance}
    return {**selected, SLOT_LABEL: slot} if slot else selected


def labels(app: Application, slot: str = "") -> dict[str, str]:
    """Labels of an object that is the same for every version."""
    return {**selector(app, slot), **_owner(app.shared)}


def versioned_labels(app: Application, slot: str = "") -> dict[str, str]:
    """Labels of what runs a version. Other objects have no version, or every release would change every object."""
    version = re.sub(r"[^A-Za-z0-9_.-]", "-", app.image.version)[:63].strip("-_.")
    made = labels(app, slot)
    return {**made, VERSION_LABEL: version} if version else made


def shared_labels(shared: Shared, name: str) -> dict[str, str]:
    """Labels of an object that belongs to no single application."""
    return {NAME_LABEL: name, INSTANCE_LABEL: SHARED_INSTANCE, **_owner(shared)}


def make_object(kind: str, name: str, shared: Shared, labels: dict[str, str], **body: Any) -> Manifest:
    """A namespaced object of the table; `body` becomes its remaining top-level keys."""
    metadata = {"name": name, "namespace": shared.namespace, "labels": dict(labels)}
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata, **body}


def hashed(name: str, content: Any, length: int = 8) -> str:
    """A name that changes with the content. While a part of the content is unknown, so is the end of the name."""
    text = json.dumps(content, sort_keys=True)
    digest = UNKNOWN if is_unknown(text) else hashlib.sha256(text.encode()).hexdigest()[:length]
    return f"{name}-{digest}"


def _owner(shared: Shared) -> dict[str, str]:
    return {PART_OF_LABEL: shared.part_of, MANAGED_BY_LABEL: MANAGED_BY}
