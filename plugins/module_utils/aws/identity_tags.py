# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tags that say which environment and component an object belongs to."""

from __future__ import annotations

from collections.abc import Mapping

# Together with the name, these tags identify the owner of an object. Other tags may change.
IDENTITY_TAGS = ("flaskops:project", "flaskops:environment", "flaskops:component", "flaskops:managed-by")


def same_identity(wanted: Mapping[str, str] | None, found: Mapping[str, str] | None) -> bool:
    """Whether `found` carries every identity tag that is wanted, with the same value."""
    return all((found or {}).get(key) == value for key, value in identity_of(wanted).items())


def identity_of(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The identity tags among these."""
    return {key: value for key, value in (tags or {}).items() if key in IDENTITY_TAGS}


def listed_tags(tags: Mapping[str, str] | None) -> str:
    """Tags for a message."""
    return ", ".join(f"{key}={value}" for key, value in sorted((tags or {}).items())) or "none"
