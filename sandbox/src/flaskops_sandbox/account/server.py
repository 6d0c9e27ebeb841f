"""The account process: start, order of components and shutdown."""

from __future__ import annotations

import logging
import os
import re
import signal
import threading
from typing import Any

from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from flaskops_sandbox.account import acm, aws, ec2, ecr, elasticache, gaps, principals, rds
from flaskops_sandbox.account.calls import CallLog
from flaskops_sandbox.account.eks import network
from flaskops_sandbox.account.eks.routes import EksService
from flaskops_sandbox.account.eks.store import Eks, Kubernetes
from flaskops_sandbox.account.extend import Extensions
from flaskops_sandbox.account.middleware import Middleware
from flaskops_sandbox.account.processes import Processes
from flaskops_sandbox.account.registry import PORT as REGISTRY_PORT
from flaskops_sandbox.account.registry import Registry
from flaskops_sandbox.account.webhook import Webhook
from flaskops_sandbox.instance import Instance

PORT = 4566
LOG = logging.getLogger(__name__)


class QuietRequestHandler(MotoRequestHandler):
    """A request handler without access log, because the call log contains all requests."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


class Account:
    """moto, extended for one instance. `application` is the WSGI application for all requests."""

    def __init__(
        self, instance: Instance, kubernetes: Kubernetes, pause: float = 1.0, registry_port: int = REGISTRY_PORT
    ) -> None:
        # moto selects the account by access key; use one account for all keys.
        os.environ["MOTO_ACCOUNT_ID"] = instance.account_id
        self.instance = instance
        self.extensions = Extensions()
        self.processes = Processes(instance.log_dir)
        self.log = CallLog(instance.log_dir / "calls.jsonl")
        self.eks = Eks(instance, kubernetes, self.extensions, pause)
        self.registry = Registry(instance, self.processes, registry_port)
        principals.create_users(instance)
        network.install(self.extensions)
        ec2.install(self.extensions)
        gaps.install(self.extensions)
        ecr.install(self.extensions, instance, self.registry)
        acm.install(self.extensions, instance)
        self.databases = rds.install(self.extensions, instance, self.processes)
        self.caches = elasticache.install(self.extensions, instance, self.processes)
        self.application = Middleware(instance, self.log, DomainDispatcherApplication(_backend_application))
        self.application.services["eks"] = EksService(self.eks)
        self.application.pages += [
            ("GET", re.compile(r"/_sandbox/health"), self._health),
            ("POST", re.compile(r"/_sandbox/eks/(?P<cluster>[^/]+)/authenticate"), Webhook(self.eks)),
        ]

    def _health(self, _match: re.Match[str], _environ: dict[str, Any], _body: bytes) -> aws.Response:
        state = {
            "instance": self.instance.name,
            "registry": self.processes.alive("registry"),
            "servers": self.processes.all_alive(),
        }
        return aws.json_response({"status": "ok", **state})

    def stop(self) -> None:
        """Stop all servers of the account and undo all patches of moto."""
        self.eks.stop()
        self.processes.stop_all()
        self.extensions.undo()
        self.log.close()


def _backend_application(service: Any) -> Flask:
    """Return moto's application of a service; the middleware handles unsupported operations."""
    application = create_backend_app(service)
    application.config["PROPAGATE_EXCEPTIONS"] = True
    return application


def make_http_server(account: Account, address: str, port: int) -> BaseWSGIServer:
    """Return a threaded HTTP server for the application."""
    return make_server(address, port, account.application, threaded=True, request_handler=QuietRequestHandler)


def serve(instance: Instance) -> None:
    """Run the account of an instance until SIGTERM or SIGINT."""
    from flaskops_sandbox.alb import elbv2_patches, target_health
    from flaskops_sandbox.kubernetes import cluster

    # moto needs this for AWS managed policies, which roles attach. It takes a second, so it is set only here.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    account = Account(instance, cluster)
    elbv2_patches.install(instance)
    target_health.install(instance)
    try:
        account.registry.start()
        server = make_http_server(account, instance.services_address, PORT)
        for number in (signal.SIGTERM, signal.SIGINT):
            # shutdown() waits for serve_forever to return, so it must run in another thread.
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        LOG.info("the account of instance %s answers on %s", instance.name, instance.aws_endpoint_url)
        server.serve_forever()
    finally:
        account.stop()
