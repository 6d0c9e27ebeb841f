"""Measure the duration of a task in process and in a subprocess: ``python -m tests.benchmark``.

Each module runs a task without changes many times, alternating between both ways, against a moto server in this
process. The first task of each playbook is ignored, because it includes the imports. The medians of one run on one
machine are compared; the load average is printed beside them.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import tempfile
import typing as t
from pathlib import Path

from tests.integration.runner.support import Account, run_tasks, serve

UPSTREAM_LIMIT: t.Final = 0.4
OWN_LIMIT: t.Final = 0.1
ROUNDS: t.Final = 3
"""The two ways alternate, so that changes in load affect both."""
TRUST: t.Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CLUSTER: t.Final = {
    "name": "bench",
    "version": "1.34",
    "role_arn": "arn:aws:iam::123456789012:role/cluster",
    "subnet_ids": ["subnet-0a", "subnet-0b"],
    "wait": False,
}
MODULES: t.Final[dict[str, dict[str, t.Any]]] = {
    "amazon.aws.ec2_vpc_net": {"name": "bench", "cidr_block": "10.0.0.0/16"},
    "amazon.aws.iam_role": {"name": "bench", "assume_role_policy_document": TRUST},
    "amazon.aws.aws_caller_info": {},
    "community.aws.sns_topic": {"name": "bench"},
    "flaskops.eks.eks_cluster": CLUSTER,
    "flaskops.eks.acm_certificate": {"domain_name": "bench.test", "zone_id": "{{ zone.zone_id }}", "wait": False},
}


@dataclasses.dataclass(frozen=True)
class Measure:
    """One module, both ways, in seconds per task."""

    module: str
    in_process: float
    ordinary: float
    tasks: int

    @property
    def ratio(self) -> float:
        """The duration in process divided by the duration in a subprocess."""
        return self.in_process / self.ordinary

    @property
    def limit(self) -> float:
        """The highest accepted ratio."""
        return OWN_LIMIT if self.module.startswith("flaskops.") else UPSTREAM_LIMIT


def measure(account: Account, folder: Path, module: str, repeat: int) -> Measure:
    """Run one module ``repeat`` times each way."""
    options = MODULES[module]
    setup: list[dict[str, t.Any]] = []
    if module == "flaskops.eks.acm_certificate":
        setup.append({"name": "zone", "amazon.aws.route53_zone": {"zone": "bench.test"}, "register": "zone"})
    each = -(-repeat // ROUNDS)
    tasks = [*setup, *({"name": f"task {number}", module: options} for number in range(each + 1))]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    account.reset()
    for turn in range(ROUNDS):
        for in_process in (True, False):
            place = folder / f"{module}-{turn}-{in_process}"
            place.mkdir()
            run = run_tasks(account, place, tasks, in_process=in_process)
            if run.returncode:
                sys.exit(f"{module} failed:\n{run.output[-2000:]}")
            seconds[in_process] += [run.seconds[f"task {number}"] for number in range(1, each + 1)]
    medians = {in_process: statistics.median(found) for in_process, found in seconds.items()}
    return Measure(module, medians[True], medians[False], len(seconds[True]))


def main() -> int:
    """Measure, print and write the figures; with ``--assert`` fail if a ratio exceeds its limit."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmark", description="Duration of tasks in process and in a subprocess."
    )
    parser.add_argument("modules", nargs="*", help=f"of: {', '.join(MODULES)} (all)")
    parser.add_argument("--repeat", type=int, default=15, help="tasks per module and way (15)")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    parser.add_argument("--assert", dest="check", action="store_true", help="fail over 0.4 (upstream) or 0.1 (ours)")
    arguments = parser.parse_args()
    unknown = [module for module in arguments.modules if module not in MODULES]
    if unknown:
        parser.error(f"unknown modules: {', '.join(unknown)}")
    measures = []
    print(f"{'module':<32} {'in process':>11} {'ordinary':>9} {'ratio':>6} {'limit':>6}  load")
    with serve() as account, tempfile.TemporaryDirectory() as folder:
        for module in arguments.modules or MODULES:
            found = measure(account, Path(folder), module, arguments.repeat)
            measures.append(found)
            print(
                f"{module:<32} {found.in_process:>9.3f} s {found.ordinary:>7.3f} s {found.ratio:>6.3f} "
                f"{found.limit:>6.1f}  {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    if arguments.json:
        figures = [{**dataclasses.asdict(found), "ratio": found.ratio, "limit": found.limit} for found in measures]
        report = {"processors": os.cpu_count(), "load": os.getloadavg(), "measures": figures}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    slow = [found.module for found in measures if found.ratio > found.limit]
    if slow:
        print(f"Over the limit: {', '.join(slow)}")
    return 1 if arguments.check and slow else 0


if __name__ == "__main__":
    sys.exit(main())
