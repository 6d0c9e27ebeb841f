"""Runs a module of this collection in the forked worker. meta/runtime.yml names it for each of our AWS modules."""

from __future__ import annotations

from ansible_collections.flaskops.eks.plugins.plugin_utils._action import InProcess
from ansible_collections.flaskops.eks.plugins.plugin_utils._stock import NormalAction


class ActionModule(InProcess, NormalAction):
    """``normal``, with the module run in process and a plan in check mode."""
