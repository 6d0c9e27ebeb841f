# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part that the modules that only read share: describe each object, report the ones that exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:  # AnsibleAWSModule reports the missing library before any of this runs
    BotoCoreError = ClientError = OSError

from ansible_collections.flaskops.eks.plugins.module_utils.aws.plan import Found, ResourceError


def existing(names: Iterable[str], describe: Callable[[str], Found]) -> list[dict[str, Any]]:
    """The descriptions of the objects that exist, in the order of their names. A name given twice is asked once."""
    descriptions = (describe(name) for name in dict.fromkeys(names))
    return [found for found in descriptions if found is not None]


def report(module: Any, result: str, kind: str, read: Callable[[], list[dict[str, Any]]]) -> None:
    """End the module with what `read` finds under the key `result`. `kind` names the objects in an error."""
    try:
        found = read()
    except ResourceError as error:
        module.fail_json(msg=str(error), **error.facts)
    except (BotoCoreError, ClientError) as error:
        module.fail_json_aws(error, msg=f"{kind} could not be described")
    module.exit_json(changed=False, **{result: found})
