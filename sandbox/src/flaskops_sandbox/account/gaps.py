"""Operations used in the sandbox that moto 5.2.5 lacks or implements differently from AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import tags as ec2_tags
from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.kms.models import KmsBackend
from moto.shield.responses import ShieldResponse

from flaskops_sandbox.account.extend import Extensions

# Id prefix to resource type in DescribeTags and TagSpecifications.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html
RESOURCE_TYPES = {"eipalloc": "elastic-ip", "nat": "natgateway"}


def install(extensions: Extensions) -> None:
    """Add them to moto."""

    def get_subscription_state(_self: ShieldResponse) -> str:
        # The AWS Load Balancer Controller calls this on every deploy; this is the response without a subscription.
        return json.dumps({"SubscriptionState": "INACTIVE"})

    extensions.replace(ShieldResponse, "get_subscription_state", lambda _: get_subscription_state)
    extensions.replace(ec2_tags, "EC2_PREFIX_TO_RESOURCE", lambda names: names | RESOURCE_TYPES)
    extensions.replace(LaunchTemplateBackend, "create_launch_template", _tags_beside_the_data)
    extensions.replace(LaunchTemplates, "delete_launch_template_versions", lambda _: _delete_versions)
    extensions.replace(LaunchTemplates, "describe_launch_template_versions", _without_deleted)
    for name in ("schedule_key_deletion", "cancel_key_deletion", "enable_key", "disable_key"):
        extensions.replace(KmsBackend, name, _by_arn_too)


def _by_arn_too(original: Callable[..., Any]) -> Callable[..., Any]:
    """Accept id or ARN of a KMS key. https://docs.aws.amazon.com/kms/latest/APIReference/"""

    def by_arn_too(self: KmsBackend, key_id: str, *args: Any) -> Any:
        return original(self, self.any_id_to_key_id(key_id), *args)

    return by_arn_too


def _tags_beside_the_data(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep tags of the template out of its data. Otherwise the next run would create a new version."""

    def create_launch_template(
        self: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: dict[str, Any]
    ) -> Any:
        specifications = template_data.get("TagSpecifications", [])
        kept = [entry for entry in specifications if entry.get("ResourceType") != "launch-template"]
        data = {key: value for key, value in template_data.items() if key != "TagSpecifications"}
        return original(self, name, description, data | ({"TagSpecifications": kept} if kept else {}), tag_spec)

    return create_launch_template


def _delete_versions(self: Any) -> ActionResult:
    """DeleteLaunchTemplateVersions. moto finds versions by list index, so a deleted version keeps its place."""
    self.error_on_dryrun()
    name, template_id = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
    backend = self.ec2_backend
    template = backend.get_launch_template_by_name(name) if name else backend.get_launch_template(template_id)
    told: dict[str, list[dict[str, Any]]] = {
        "SuccessfullyDeletedLaunchTemplateVersions": [],
        "UnsuccessfullyDeletedLaunchTemplateVersions": [],
    }
    deleted: set[int] = vars(template).setdefault("deleted_versions", set())
    for number in map(int, self._get_param("Versions", [])):
        row = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": number}
        if number == template.default_version_number:
            error = {"Code": "launchTemplateVersionIsDefault", "Message": "The default version cannot be deleted"}
            told["UnsuccessfullyDeletedLaunchTemplateVersions"].append(row | {"ResponseError": error})
        else:
            deleted.add(number)
            told["SuccessfullyDeletedLaunchTemplateVersions"].append(row)
    return ActionResult(told)


def _without_deleted(original: Callable[..., ActionResult]) -> Callable[..., ActionResult]:
    def describe_launch_template_versions(self: Any) -> ActionResult:
        answer = original(self)
        rows: list[dict[str, Any]] = answer.result["LaunchTemplateVersions"]  # type: ignore[index]
        templates = self.ec2_backend.launch_templates
        answer.result["LaunchTemplateVersions"] = [  # type: ignore[index]
            row
            for row in rows
            if row["VersionNumber"] not in vars(templates[row["LaunchTemplateId"]]).get("deleted_versions", ())
        ]
        return answer

    return describe_launch_template_versions
