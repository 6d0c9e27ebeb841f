# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which image an application runs, and which version it reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Image:
    """An image: the reference that pods name, and the version that the application reports."""

    repository: str
    reference: str
    version: str


def image_of(own: Mapping[str, str], shared: Image) -> Image:
    """The image of an application: the one of its settings (`image`), otherwise the shared one."""
    if own["reference"]:
        return Image(repository_of(own["reference"]), own["reference"], version_of(own["reference"]))
    tag, digest = own["tag"], own["digest"]
    if not (own["repository"] or tag or digest):
        return shared
    repository = own["repository"] or shared.repository
    reference = f"{repository}@{digest}" if digest else f"{repository}:{tag}"
    return Image(repository, reference, tag or version_of(reference))


def repository_of(reference: str) -> str:
    """A reference without tag and digest."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def version_of(reference: str) -> str:
    """The tag of a reference, otherwise the beginning of its digest; `latest` when it has neither."""
    name, _, digest = reference.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest.rpartition(":")[2][:DIGEST_LENGTH] or "latest"
