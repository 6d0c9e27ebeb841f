"""The emulated account of the sandbox, started as in its own tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "e2e"))
sys.path.insert(0, str(Path(__file__).parents[3] / "sandbox" / "tests" / "account"))

from account_running import instance as instance
from account_running import running as running
from account_running import state_root as state_root
from production import managed_policies as managed_policies
from production import production as production
