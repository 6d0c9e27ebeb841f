"""`python -m flaskops_sandbox.account --instance NAME`: run an instance's AWS account in the foreground."""

from __future__ import annotations

import argparse
import logging

from flaskops_sandbox.account.server import serve
from flaskops_sandbox.instance import Instance, default_name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", default=default_name(), help="name of the sandbox instance")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Log only warnings of boto and moto.
    for noisy in ("werkzeug", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    serve(Instance.load(arguments.instance))


if __name__ == "__main__":
    main()
