# Copyright: flaskops.eks contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The form of a record."""

from __future__ import annotations

import dataclasses
import re
import typing as t


@dataclasses.dataclass(frozen=True)
class Constant:
    """An argument with the same value in every task."""

    value: t.Any


Argument: t.TypeAlias = "str | Constant | list[Argument] | dict[str, Argument]"
"""A task's option by its name, a constant, or a list or a dictionary of these."""


@dataclasses.dataclass(frozen=True)
class Info:
    """The ``_info`` module that reads the objects of a module, called its info twin."""

    module: str
    arguments: t.Mapping[str, Argument]
    """Its arguments, as they follow from the options of the task that manages the object."""
    result: str
    """The key under which its result lists the objects."""
    name: str
    """The key of an object that holds its name, or its id when it has no name."""
    tags: str = "tags"
    """The key of an object that holds its tags as a dictionary; empty when the module does not return them."""

    def arguments_of(self, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The arguments for a task with these options."""
        return {option: _filled(argument, values) for option, argument in self.arguments.items()}

    def objects(self, result: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """The objects in a registered result, also in the result of a loop. A skipped task found none."""
        results = result.get("results")
        if self.result not in result and isinstance(results, list):
            return [found for item in results for found in self.objects(item)]
        return [found for found in result.get(self.result) or [] if isinstance(found, dict)]


def _filled(argument: Argument, values: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(argument, Constant):
        return argument.value
    if isinstance(argument, str):
        return values.get(argument)
    if isinstance(argument, list):
        return [_filled(item, values) for item in argument]
    return {key: _filled(item, values) for key, item in argument.items()}


@dataclasses.dataclass(frozen=True)
class Parent:
    """The object without which a module fails in check mode."""

    message: re.Pattern[str]
    """What the module says when the parent does not exist."""
    module: str
    """Short name of the module that creates the parent."""
    option: str
    """The option by which the child names its parent."""


@dataclasses.dataclass(frozen=True)
class Record:
    """One AWS module."""

    module: str
    """Its full name."""
    kind: str = ""
    """What messages call its objects, for example ``IAM role``. Empty for a module that only reads."""
    actions: tuple[str, ...] = ()
    """The API actions that it needs, as the roles use it, in the form of IAM policies: ``iam:GetRole``."""
    identity: tuple[str, ...] = ()
    """The options by which it finds its object. When these are known, the module can be asked though others are not."""
    parents: tuple[Parent, ...] = ()
    info: Info | None = None
    """How its objects are read. Ownership is checked with it, never with a removal task in check mode."""

    resource_type: str = ""
    """The type by which the Resource Groups Tagging API lists its objects: ``ec2:vpc``."""
    listing: Info | None = None
    """How all its objects are listed where the Resource Groups Tagging API cannot."""

    has_check_mode: bool = True
    """False for a module that a check run skips; then ``info`` says whether its object exists."""
    absence: re.Pattern[str] | None = None
    """A failure of its check mode that happens only when its own object does not exist yet."""
    update_message: re.Pattern[str] | None = None
    """What it says only of an object that exists, when its check mode does not return the object."""
    ask_again: t.Mapping[str, t.Any] | None = None
    """For a module whose check mode returns nothing when anything changes: asked with these and its identity options
    alone, it returns what it found."""


def actions(service: str, *operations: str) -> tuple[str, ...]:
    """Actions of one service."""
    return tuple(f"{service}:{operation}" for operation in operations)
