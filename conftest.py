"""Makes this checkout importable: as ansible_collections.flaskops.eks, and the sandbox as flaskops_sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
COLLECTIONS = ROOT / "collections"
SANDBOX = ROOT / "sandbox" / "src"

for folder in (str(ROOT), str(COLLECTIONS), str(SANDBOX)):
    if folder not in sys.path:
        sys.path.insert(0, folder)
# Programs that tests start take the sandbox of this checkout, also when several checkouts share one .venv.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(SANDBOX), os.environ.get("PYTHONPATH")]))
