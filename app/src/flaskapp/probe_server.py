"""The worker's probes on PORT: the same paths as the API's, so that one probe definition fits both."""

from __future__ import annotations

import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from flask import Flask

from flaskapp.config import Settings
from flaskapp.health import Health
from flaskapp.probes import probes


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds; whoever sends nothing does not keep a thread

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: kubelet asks all the time, and what it learns is in the events."""


def serve_probes(settings: Settings, health: Health) -> WSGIServer:
    """Answer the probes in a thread. Raises OSError when PORT is taken."""
    app = Flask("flaskapp", static_folder=None)
    app.register_blueprint(probes(settings, health))
    server = _Server(("0.0.0.0", settings.port), _Handler)
    server.set_app(app)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
