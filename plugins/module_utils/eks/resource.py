# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the EKS resources share: tags by ARN, updates that are followed by their id, being inside a cluster."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.flaskops.eks.plugins.module_utils.aws.api import AwsApi, snake
from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import (
    Action,
    ApiAction,
    CreateAction,
    Found,
    RemoveTags,
    ResourceError,
    SetTags,
    health_issues,
)
from ansible_collections.flaskops.eks.plugins.module_utils.aws.resource import Resource, poll
from ansible_collections.flaskops.eks.plugins.module_utils.unknown import UNKNOWN


class EksCreate(CreateAction):
    def described(self) -> dict[str, Any]:
        """EKS's description as far as the call says it."""
        return {"tags": {}, **snake(self.parameters)}

    def predict(self, found: Found) -> Found:
        return self.described()


class EksResource(Resource):
    """One object of EKS.

    An update is followed by its id: the object's own status turns to UPDATING only eventually, and only the update
    tells why it failed. https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
    """

    arn_key: ClassVar[str]
    # Whether tags identify the owner. They do not if only one can exist, e.g. one access entry per principal.
    owned_by_tags: ClassVar[bool] = True

    def __init__(self, api: AwsApi, wanted: Any, timeout: float = 60.0) -> None:
        super().__init__(wanted.name, timeout, wanted.tags if self.owned_by_tags else None)
        self.api = api
        self.wanted = wanted
        self.arn: str | None = None
        self.pending_update: str | None = None

    def identity(self) -> dict[str, str]:
        """The parameters that name this object in its calls."""
        raise NotImplementedError

    def update_identity(self) -> dict[str, str]:
        """The parameters that name this object in DescribeUpdate."""
        raise NotImplementedError

    def read(self) -> Found:
        """Describe without following an update."""
        raise NotImplementedError

    def describe(self) -> Found:
        found = self.read()
        if found is not None:
            self.arn = found.get(self.arn_key)
        return found

    def busy(self, found: Found) -> bool:
        return self.pending_update is not None or super().busy(found)

    def wait_idle(self) -> Found:
        self.follow_update()
        return super().wait_idle()

    def settled(self, found: Found) -> bool:
        if self.pending_update is not None:
            self.follow_update()
            return False  # what was found is older than the end of the update
        return super().settled(found)

    def follow_update(self) -> None:
        """Wait for the update that was started last. Raises ResourceError with AWS's reasons when it failed."""
        if self.pending_update is None:
            return
        update = poll(
            lambda: self.api.describe(
                "describe_update", "update", updateId=self.pending_update, **self.update_identity()
            ),
            lambda seen: seen is None or seen.get("status") != "InProgress",
            timeout=self.timeout,
            what=f"{self.title}: update {self.pending_update}",
        )
        self.pending_update = None
        if update is not None and update.get("status") in ("Failed", "Cancelled"):
            errors = update.get("errors") or []
            reasons = [f"{error.get('error_code')}: {error.get('error_message')}" for error in errors]
            raise ResourceError(
                f"{self.title}: the update of type {update.get('type')} ended as {update['status']}: "
                f"{'; '.join(reasons) or 'AWS names no cause'}",
                issues=reasons,
            )

    def apply(self, action: Action) -> None:
        if isinstance(action, SetTags):
            self.api.change("tag_resource", resourceArn=self.arn, tags=action.tags)
        elif isinstance(action, RemoveTags):
            self.api.change("untag_resource", resourceArn=self.arn, tagKeys=list(action.keys))
        elif isinstance(action, ApiAction):
            answer = self.api.change(action.operation, **self.identity(), **action.request())
            self.pending_update = (answer.get("update") or {}).get("id")
        else:
            raise TypeError(f"unknown action {action!r}")

    def warnings(self, found: dict[str, Any]) -> list[str]:
        return [f"{self.title} is {found.get('status')}: {issue}" for issue in health_issues(found)]


class ClusterChild(EksResource):
    """An object inside a cluster.

    `name_key` is what its calls name it by. `when_new` says in check mode what the create call does not: what only EKS
    decides, and what is known not to be there (the runner would show a placeholder for a key that is missing).
    """

    name_key: ClassVar[str]
    when_new: ClassVar[dict[str, Any]] = {}

    def identity(self) -> dict[str, str]:
        return {"clusterName": self.wanted.cluster_name, self.name_key: self.name}

    def update_identity(self) -> dict[str, str]:
        return {"name": self.wanted.cluster_name, self.name_key: self.name}

    def complete(self, found: dict[str, Any]) -> dict[str, Any]:
        return {"cluster_name": self.wanted.cluster_name, self.arn_key: UNKNOWN, **self.when_new, **found}
