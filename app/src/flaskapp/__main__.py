"""`python -m flaskapp` is the console script `flaskapp`."""

import sys

from flaskapp.cli import main

if __name__ == "__main__":
    sys.exit(main())
