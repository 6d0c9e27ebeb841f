"""The console script: `flaskapp api`, `flaskapp worker`, `flaskapp migrate`."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from flaskapp import __version__, config
from flaskapp.config import ConfigurationError, Settings

log = logging.getLogger(__name__)

# sysexits.h
EX_UNAVAILABLE = 69
EX_CONFIG = 78


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run a command and return its exit status: 0 done, 69 dependency unavailable, 78 invalid configuration."""
    parser = argparse.ArgumentParser(prog="flaskapp", description="Settings come from the environment.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("api", help="serve HTTP on PORT and metrics on METRICS_PORT")
    commands.add_parser("worker", help="process queued tasks; serve probes on PORT and metrics on METRICS_PORT")
    commands.add_parser("migrate", help="migrate the database schema to this version, then exit")
    command = parser.parse_args(arguments).command
    try:
        settings = config.load(environ, command)
    except ConfigurationError as error:
        print(f"flaskapp {command}: invalid configuration", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        return EX_CONFIG
    # Import late, so that each command loads only what it uses and --help is fast.
    from flaskapp.logging import configure

    configure(settings.log_level, version=settings.app_version, slot=settings.app_slot)
    return {"api": _api, "worker": _worker, "migrate": _migrate}[command](settings)


def _api(settings: Settings) -> int:
    from gunicorn.app.wsgiapp import WSGIApplication

    # gunicorn reads its command line from sys.argv. This process becomes its master, so it receives the signals.
    sys.argv = [
        "flaskapp",
        "--config",
        str(Path(__file__).with_name("gunicorn.conf.py")),
        "flaskapp.web:from_environment()",
    ]
    WSGIApplication("%(prog)s", prog="flaskapp").run()
    return 0


def _worker(settings: Settings) -> int:
    from flaskapp import worker

    try:
        return worker.run(settings)
    except OSError as error:
        log.error(
            "PORT %s or METRICS_PORT %s: cannot be used (%s); set them to free ports",
            settings.port,
            settings.metrics_port,
            error,
        )
        return EX_UNAVAILABLE


def _migrate(settings: Settings) -> int:
    from flaskapp import schema
    from flaskapp.db import make_engine

    try:
        engine = make_engine(settings.database, pool_size=1, statement_timeout=0, name="flaskapp-migrate")
        outcome = schema.upgrade_when_reachable(engine)
    except schema.MigrationError as error:
        log.error("%s", error)
        return EX_UNAVAILABLE
    except SQLAlchemyError:
        log.exception("the migration failed; completed steps are kept; fix the cause and run it again")
        return EX_UNAVAILABLE
    if outcome.changed:
        log.info("the schema was migrated from %s to %s", outcome.before or "nothing", outcome.after)
    else:
        log.info("the schema is already at %s; %s is required", outcome.after, schema.head())
    return 0
