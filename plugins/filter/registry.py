# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the image registry: image tag, build flags, lifecycle policy, names."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
REPOSITORY_LENGTH = range(2, 257)
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
# Names of arguments that look like secrets. Build arguments stay readable in the image history.
SECRET_ARGUMENT = re.compile(r"password|secret|token", re.IGNORECASE)
# A URL with a user or a password, because a token may be either. A user alone is no credential with SSH.
CREDENTIALS = re.compile(r"(?:(?<!ssh)://[^/?#\s]+|://[^/?#\s]*:[^/?#\s]*)@")
# Build arguments for access to packages: mirror, CA bundle, proxy. They differ by machine but do not change the image,
# because packages are pinned in the context. All other arguments are part of the hash.
REACHING_ARGUMENT = re.compile(r"PIP_.*|(?:HTTP|HTTPS|FTP|NO|ALL)_PROXY", re.IGNORECASE)
TAG_DIGITS = 12


def image_tag(content: str, platform: str, containerfile: str, arguments: Mapping[str, Any]) -> str:
    """Return an image tag, a hash of all inputs that determine the content of the image.

    Args:
        content: Hash of the build context.
        platform: Platform of the image; empty for that of the build machine.
        containerfile: Name of the Containerfile.
        arguments: Build arguments by name.

    Returns:
        Hexadecimal digits.
    """
    counted = {name: str(value) for name, value in arguments.items() if not REACHING_ARGUMENT.fullmatch(name)}
    text = json.dumps([content, platform, containerfile, counted], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:TAG_DIGITS]


def build_flags(arguments: Mapping[str, str], platform: str = "", extra: Sequence[str] = ()) -> list[str]:
    """Return build arguments as flags of `podman build`.

    Args:
        arguments: Build arguments by name.
        platform: Platform of the image; empty for that of the build machine.
        extra: Additional flags, one word each.

    Returns:
        The flags in a stable order.
    """
    flags = ["--platform", platform] if platform else []
    for name in sorted(arguments):
        flags += ["--build-arg", f"{name}={arguments[name]}"]
    return flags + list(extra)


def lifecycle_policy(keep: int, untagged_days: int) -> dict[str, Any]:
    """Return the ECR lifecycle policy.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        keep: Number of tagged images to keep.
        untagged_days: Days after which untagged images are removed.

    Returns:
        The policy document.
    """
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Remove untagged images after {untagged_days} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": untagged_days,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"Keep the newest {keep} images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep},
                "action": {"type": "expire"},
            },
        ]
    }


def shared_repository(name: str, environment: str) -> bool:
    """Whether a repository is shared with other environments, according to its name.

    Args:
        name: Name of the repository.
        environment: Name of the environment.

    Returns:
        False if the first part of the name is exactly the environment: `flask-dev-eu/app` does not belong to
        `flask-dev`.
    """
    return name.split("/")[0] != environment


def registry_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the registry variables.

    Args:
        values: name, image_tag, build_arguments, build_extra_flags, keep_images, untagged_days.

    Returns:
        One message per problem: the variable, what is wrong, what to do. Never the value of an argument.
    """
    problems = []
    name = values["name"]
    if not REPOSITORY.fullmatch(name) or len(name) not in REPOSITORY_LENGTH:
        problems.append(
            f"registry_name: {name!r} is not a repository name; "
            "use 2 to 256 lower case letters and digits, separated by single . _ - or /."
        )
    if values["image_tag"] and not TAG.fullmatch(values["image_tag"]):
        problems.append(
            f"registry_image_tag: {values['image_tag']!r} is not an image tag; "
            "use up to 128 letters, digits, dots, hyphens and underscores, or leave it empty for a hash of the content."
        )
    for argument in sorted(values["build_arguments"]):
        if SECRET_ARGUMENT.search(argument):
            problems.append(
                f"registry_build_arguments: {argument} looks like a secret, and build arguments stay readable in the "
                "image; pass a file with --secret in registry_build_extra_flags instead."
            )
    problems += _credential_problems(values["build_arguments"], values["build_extra_flags"])
    for variable in ("keep_images", "untagged_days"):
        if values[variable] < 1:
            problems.append(f"registry_{variable}: {values[variable]} would remove every image; use 1 or more.")
    return problems


def _credential_problems(arguments: Mapping[str, Any], flags: Sequence[str]) -> list[str]:
    """Report URLs with credentials, because every user of the machine can read podman's arguments."""
    places = [
        f"registry_build_arguments: {name}"
        for name in sorted(arguments)
        if _has_credentials(name, str(arguments[name]))
    ]
    places += ["registry_build_extra_flags: one flag" for flag in flags if CREDENTIALS.search(str(flag))][:1]
    return [
        f"{place} contains a URL with credentials, which would be readable in podman's arguments and in the image "
        "history; remove them from the URL. If the server requires them, mount a file for the build, for pip with "
        "--volume=<folder>/pip.conf:/etc/pip.conf:ro in registry_build_extra_flags."
        for place in places
    ]


def _has_credentials(name: str, value: str) -> bool:
    """Whether an argument is a URL with credentials. Proxy URLs may have no scheme."""
    url = f"http://{value}" if name.upper().endswith("_PROXY") and "://" not in value else value
    return CREDENTIALS.search(url) is not None


class FilterModule:
    """Filters of the image registry."""

    def filters(self) -> dict[str, Any]:
        """Return the filters by their names."""
        return {
            "build_flags": build_flags,
            "image_tag": image_tag,
            "lifecycle_policy": lifecycle_policy,
            "registry_problems": registry_problems,
            "shared_repository": shared_repository,
        }
