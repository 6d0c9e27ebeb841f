"""python -m flaskops_sandbox."""

from __future__ import annotations

import sys

from flaskops_sandbox.cli import main

sys.exit(main())
