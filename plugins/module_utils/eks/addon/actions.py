# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that EKS offers on an add-on, each with its call, text and prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import ApiAction, DeleteAction, Found, changed_copy
from ansible_collections.flaskops.eks.plugins.module_utils.eks.resource import EksCreate
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


class CreateAddon(EksCreate):
    operation: ClassVar[str] = "create_addon"

    def __str__(self) -> str:
        return f"create add-on {self.name} ({self.parameters.get('addonVersion', 'default version')})"

    def predict(self, found: Found) -> Found:
        after = {"addon_version": UNKNOWN, **self.described(), "addon_name": self.name, "status": "ACTIVE"}
        del after["resolve_conflicts"]
        return after


@dataclass(frozen=True)
class UpdateAddon(ApiAction):
    """`parameters` in AWS's names; `differing` are the options that made it necessary."""

    name: str
    parameters: dict[str, Any]
    differing: tuple[str, ...]
    operation: ClassVar[str] = "update_addon"

    def __str__(self) -> str:
        text = f"update add-on {self.name}: {', '.join(self.differing)}"
        return text + (f" (to {self.parameters['addonVersion']})" if "version" in self.differing else "")

    def request(self) -> dict[str, Any]:
        return self.parameters

    def predict(self, found: Found) -> Found:
        after = changed_copy(found, **snake(self.parameters))
        del after["resolve_conflicts"]
        return after


@dataclass(frozen=True)
class DeleteAddon(DeleteAction):
    """`preserve` leaves what runs in the cluster and only ends EKS's management of it."""

    preserve: bool = False
    kind: ClassVar[str] = "add-on"
    operation: ClassVar[str] = "delete_addon"

    def request(self) -> dict[str, Any]:
        return {"preserve": self.preserve}
