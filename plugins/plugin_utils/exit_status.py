# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exit status of ansible-playbook after a check run.

ansible-core offers no way for a callback to set it. An exception in a callback is turned into a warning, and SystemExit
would end the run before the other callbacks and the next playbooks. ansible-core ends by ``sys.exit(status)``, so that
call is replaced: a status of 0 becomes ours, every other status is a failure and stays.
"""

from __future__ import annotations

import os
import sys
import typing as t

UNCHANGED: t.Final = "unchanged"
CHANGES: t.Final = "changes"
FAILED: t.Final = "failed"

STATUS: t.Final = {UNCHANGED: 0, CHANGES: 10, FAILED: 1}
"""10 is no status of ansible-core (0, 1, 2, 4, 5, 6, 8, 99, 250, 255) and no sum of its flags 1, 2 and 4."""

_exit = sys.exit


def outcome(*, failed: bool, changes: int) -> str:
    """The outcome of a check run. A plan with a failure in it is never a plan of changes, nor of none."""
    if failed:
        return FAILED
    return CHANGES if changes else UNCHANGED


def apply(name: str) -> None:
    """End this process with the status of the outcome if ansible-core would end it with 0."""
    process = os.getpid()

    def leave(status: t.Any = None) -> t.NoReturn:
        # Workers are forks of this process, and modules that run in them call sys.exit as well.
        if status in (None, 0) and os.getpid() == process:
            status = STATUS[name]
        _exit(status)

    sys.exit = leave


def reset() -> None:
    """Let ansible-core decide again."""
    sys.exit = _exit
