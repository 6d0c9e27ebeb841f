"""Replaces ansible-core's ``normal`` action. Found through ansible.cfg, and by Ansible itself beside site.yml.

It runs the modules of amazon.aws, community.aws and flaskops.eks in the forked worker when the connection is local, and
leaves every other module to ansible-core.
"""

from __future__ import annotations

from ansible.errors import AnsibleError

try:
    from ansible_collections.flaskops.eks.plugins.plugin_utils._action import InProcess
    from ansible_collections.flaskops.eks.plugins.plugin_utils._stock import NormalAction
except ImportError as error:
    raise AnsibleError(
        "The collection flaskops.eks is not found; add this project's folder collections to collections_path."
    ) from error


class ActionModule(InProcess, NormalAction):
    """``normal``, with the modules of three collections run in process and planned in check mode."""
