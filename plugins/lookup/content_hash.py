# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short hash of the content of a directory."""

# ruff: noqa: E402 - Ansible wants the documentation before the imports
from __future__ import annotations

DOCUMENTATION = r"""
name: content_hash
short_description: Short hash of the files of a directory, for image tags
version_added: 1.0.0
description:
  - Hashes names, content and executable bits of all files below a directory in a fixed order. The same content has the
    same hash on every machine, so an image tagged with it is built only after a change.
author:
  - flaskops.eks contributors
options:
  _terms:
    description: Directories, absolute or relative to the current directory.
    required: true
  ignore:
    description: Patterns of names to ignore, matched against each part of a path.
    type: list
    elements: str
    default: [.git, __pycache__, '*.pyc', .venv, .pytest_cache, .mypy_cache, .ruff_cache, '*.egg-info']
  length:
    description: Number of hexadecimal digits.
    type: int
    default: 12
"""

EXAMPLES = r"""
- name: Show the image tag of the application
  ansible.builtin.debug:
    msg: "{{ lookup('flaskops.eks.content_hash', playbook_dir ~ '/../app') }}"
"""

RETURN = r"""
_raw:
  description: One hash per directory, lower-case hexadecimal.
  type: list
  elements: str
"""

import fnmatch
import hashlib
import os
import typing as t
from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[str]:
        """Return one hash per directory."""
        self.set_options(var_options=variables, direct=kwargs)
        ignore = [str(pattern) for pattern in self.get_option("ignore")]
        length = int(self.get_option("length"))
        return [content_hash(Path(str(term)).expanduser(), ignore)[:length] for term in terms]


def content_hash(folder: Path, ignore: list[str]) -> str:
    """Return the SHA-256 hash of sorted relative paths, executable bits and contents below ``folder``."""
    if not folder.is_dir():
        raise AnsibleLookupError(f"flaskops.eks.content_hash: {folder} is not a directory.")
    digest = hashlib.sha256()
    for path in sorted(_files(folder, ignore), key=lambda found: found.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix().encode()
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        mode = b"l" if path.is_symlink() else b"x" if os.access(path, os.X_OK) else b"f"
        # Prefix each part with its length, so that different trees have different input.
        digest.update(mode + len(name).to_bytes(8, "big") + name + len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def _files(folder: Path, ignore: list[str]) -> t.Iterator[Path]:
    for entry in folder.iterdir():
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in ignore):
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _files(entry, ignore)
        else:
            yield entry
