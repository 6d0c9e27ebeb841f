# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of the image registry: the image's tag, build flags, the lifecycle policy, names."""

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
# Names that say a secret is meant: a build argument stays readable in the image's history.
SECRET_ARGUMENT = re.compile(r"password|secret|token", re.IGNORECASE)
# A URL with a user, or with a password: a token may stand in either place. Over SSH the user alone tells nothing.
CREDENTIALS = re.compile(r"(?:(?<!ssh)://[^/?#\s]+|://[^/?#\s]*:[^/?#\s]*)@")
# Build arguments that say how a machine reaches packages: a mirror, a CA bundle, a proxy. They differ by machine, and
# what is installed does not: it is pinned in the context. Everything else counts, so that nothing wanted is left out.
REACHING_ARGUMENT = re.compile(r"PIP_.*|(?:HTTP|HTTPS|FTP|NO|ALL)_PROXY", re.IGNORECASE)
TAG_DIGITS = 12


def image_tag(content: str, platform: str, containerfile: str, arguments: Mapping[str, Any]) -> str:
    """Name an image by all that decides what is in it, so that none that was built otherwise is taken for it.

    Args:
        content: Hash of the build context.
        platform: For what the image is built; empty for the machine that builds.
        containerfile: The Containerfile's name.
        arguments: Build arguments by name.

    Returns:
        Hexadecimal digits.
    """
    counted = {name: str(value) for name, value in arguments.items() if not REACHING_ARGUMENT.fullmatch(name)}
    text = json.dumps([content, platform, containerfile, counted], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:TAG_DIGITS]


def build_flags(arguments: Mapping[str, str], platform: str = "", extra: Sequence[str] = ()) -> list[str]:
    """Write build arguments as flags of `podman build`.

    Args:
        arguments: Build arguments by name.
        platform: For what the image is built; empty for the machine that builds.
        extra: Further flags, one word each.

    Returns:
        The flags in a steady order.
    """
    flags = ["--platform", platform] if platform else []
    for name in sorted(arguments):
        flags += ["--build-arg", f"{name}={arguments[name]}"]
    return flags + list(extra)


def lifecycle_policy(keep: int, untagged_days: int) -> dict[str, Any]:
    """Describe which images ECR removes by itself.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        keep: How many tagged images stay.
        untagged_days: After how many days an untagged image goes.

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
    """Whether a repository may be other environments' as well, by the only thing that tells: its name.

    Args:
        name: The repository's name.
        environment: The environment's own name.

    Returns:
        False when the name's first part is the environment's. Only as a whole: `flask-dev-eu/app` is not
        of `flask-dev`.
    """
    return name.split("/")[0] != environment


def registry_problems(values: Mapping[str, Any]) -> list[str]:
    """Check the registry's values.

    Args:
        values: name, image_tag, build_arguments, build_extra_flags, keep_images, untagged_days.

    Returns:
        One sentence a problem: the variable, what is wrong, what to do. Never the value of an argument.
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
            "use up to 128 letters, digits, dots, hyphens and underscores, or leave it empty for the content's hash."
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
    """Credentials in URLs: everybody on the machine can read podman's arguments."""
    places = [
        f"registry_build_arguments: {name}"
        for name in sorted(arguments)
        if _has_credentials(name, str(arguments[name]))
    ]
    places += ["registry_build_extra_flags: one flag" for flag in flags if CREDENTIALS.search(str(flag))][:1]
    return [
        f"{place} holds a URL with credentials, which would stand in podman's arguments and in the build's history; "
        "name the URL without them. Where the server wants them, give the build a file instead, for pip with "
        "--volume=<folder>/pip.conf:/etc/pip.conf:ro in registry_build_extra_flags."
        for place in places
    ]


def _has_credentials(name: str, value: str) -> bool:
    """Whether an argument is a URL with credentials. A proxy's may be written without its scheme."""
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
