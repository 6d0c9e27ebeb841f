"""`python -m flaskops_sandbox.alb --instance NAME`: the data plane of one instance, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys

from flaskops_sandbox.alb.discovery import Discovery
from flaskops_sandbox.alb.service import Service
from flaskops_sandbox.instance import Instance, InstanceError, default_name


async def serve(instance: Instance) -> None:
    deployer = instance.credentials()["deployer"]
    discovery = Discovery(instance.aws_endpoint_url, instance.region, deployer["access_key"], deployer["secret_key"])
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Service(instance, discovery.read).run(stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m flaskops_sandbox.alb", description=__doc__)
    parser.add_argument("--instance", default=default_name(), help="name of the sandbox instance")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        instance = Instance.load(arguments.instance)
    except InstanceError as error:
        print(error, file=sys.stderr)
        return 1
    asyncio.run(serve(instance))
    return 0


if __name__ == "__main__":
    sys.exit(main())
