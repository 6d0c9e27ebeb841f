# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the inventory's variables to complete, checked settings of the applications.

Three layers lie on top of each other for each application: the defaults of the role's argument specs,
flask_app_defaults, and the application's own entry. Dictionaries are merged key by key, lists and plain values replace.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import Settings
from .data_stores import SECRET_SOURCES
from .errors import ApplicationError
from .rules import problems_of
from .schema import Options, convert, defaults_of, merged

SECTIONS = ("ingress", "migration", "external_secret")
LISTS = ("priority_classes", "secret_data")


def resolve(given: Mapping[str, Any], options: Options) -> Settings:
    """Complete settings.

    Args:
        given: The role's variables without their prefix: applications, defaults, ingress, migration, external_secret,
            priority_classes, secret_data, secret_name, cluster_name.
        options: The role's options (schema.read_options).

    Returns:
        `applications` (a list), `ingress`, `migration`, `external_secret`, `priority_classes`, `secret_data`,
        `secret_name` and `secret_keys`.

    Raises:
        ApplicationError: with every problem.
    """
    problems: list[str] = []

    def converted(values: Any, variable: str, name: str = "") -> Settings:
        """One layer. `name` is the application's."""
        option = options[f"flask_app_{variable}"]["options"]
        made, wrong = convert(values, option)
        where = f"flask_app_{variable}: {name}: " if name else f"flask_app_{variable}: "
        problems.extend(f"{where}{problem}" for problem in wrong)
        return made

    base = merged(defaults_of(options["flask_app_defaults"]["options"]), converted(given["defaults"], "defaults"))
    settings: Settings = {"applications": []}
    for entry in _entries(given, "applications", problems):
        own = converted(entry, "applications", str(entry.get("name") or "(no name)"))
        settings["applications"].append(merged({"name": "", **base}, own))
    for section in SECTIONS:
        defaults = defaults_of(options[f"flask_app_{section}"]["options"])
        settings[section] = merged(defaults, converted(given[section], section))
    for name in LISTS:
        defaults = defaults_of(options[f"flask_app_{name}"]["options"])
        entries = _entries(given, name, problems)
        settings[name] = [merged(defaults, converted(entry, name)) for entry in entries]
    settings["ingress"]["group_name"] = settings["ingress"]["group_name"] or given["cluster_name"]
    settings["secret_name"] = given["secret_name"]
    settings["secret_keys"] = [*SECRET_SOURCES, *(item.get("key", "") for item in settings["secret_data"])]
    # The rules expect values of the right types.
    problems = problems or list(problems_of(settings))
    if problems:
        raise ApplicationError(*problems)
    return settings


def _entries(given: Mapping[str, Any], name: str, problems: list[str]) -> list[Mapping[str, Any]]:
    """The dictionaries of a list variable."""
    values, wrong = convert({name: given[name]}, {name: {"type": "list", "elements": "dict"}})
    problems.extend(f"flask_app_{problem}" for problem in wrong)
    entries: list[Mapping[str, Any]] = values.get(name, [])
    return entries
