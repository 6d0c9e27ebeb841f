"""The worker's probes on PORT. The paths equal those of the API, so that one probe definition fits both."""

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
    timeout = 10  # seconds; an idle client does not occupy a thread

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing: kubelet probes constantly, and failures appear in the events."""


def serve_probes(settings: Settings, health: Health) -> WSGIServer:
    """Serve the probes in a thread. Raises OSError when PORT is in use."""
    app = Flask("flaskapp", static_folder=None)
    app.register_blueprint(probes(settings, health))
    server = _Server(("0.0.0.0", settings.port), _Handler)
    server.set_app(app)
    threading.Thread(target=server.serve_forever, name="probes", daemon=True).start()
    return server
