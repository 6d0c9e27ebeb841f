"""Run the console script `flaskapp` with `python -m flaskapp`."""

import sys

from flaskapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
