"""Makes the checkout importable as ansible_collections.flaskops.eks, and sandbox/ as a package."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
COLLECTIONS = ROOT / "collections"

link = COLLECTIONS / "ansible_collections" / "flaskops" / "eks"
if not link.exists():
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("../../..")

for folder in (str(ROOT), str(COLLECTIONS)):
    if folder not in sys.path:
        sys.path.insert(0, folder)
