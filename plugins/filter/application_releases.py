# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to applications while they are released: readiness, failures, removals, files. For roles/flask_app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.flaskops.eks.plugins.plugin_utils.applications import files
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.failures import (
    failed_applications,
    failure_report,
    without_failed,
)
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.readiness import (
    unbound_ingresses,
    ungated_pods,
    unsynchronised,
)
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.releases import finished_releases, of_strategy
from ansible_collections.flaskops.eks.plugins.plugin_utils.applications.removals import removals, revised_deployments
from ansible_collections.flaskops.eks.plugins.plugin_utils.plain import plain


def manifest_files(manifests: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The files in the order in which they can be applied: `name` and `content`."""
    return files.manifest_files(plain(list(manifests)))


class FilterModule:
    """Ansible's entry point."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The functions by their names."""
        return {
            "failed_applications": failed_applications,
            "failure_report": failure_report,
            "finished_releases": finished_releases,
            "manifest_files": manifest_files,
            "of_strategy": of_strategy,
            "removals": removals,
            "revised_deployments": revised_deployments,
            "unbound_ingresses": unbound_ingresses,
            "ungated_pods": ungated_pods,
            "unsynchronised": unsynchronised,
            "without_failed": without_failed,
        }
