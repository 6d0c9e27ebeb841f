"""Prometheus metrics on a separate port that no Ingress exposes."""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

from flaskapp.config import Settings


class Metrics:
    """One registry per process. With one gunicorn worker, no multiprocess directory is needed."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Info("flaskapp_build", "Version and slot of this process", registry=self.registry).info(
            {"version": settings.app_version, "slot": settings.app_slot}
        )
        self.requests = Counter(
            "flaskapp_http_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "flaskapp_http_request_duration_seconds",
            "Duration of a request",
            ("method", "route"),
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "flaskapp_http_requests_in_flight", "Requests in flight", ("route",), registry=self.registry
        )
        self.queue_depth = Gauge("flaskapp_queue_depth", "Ids waiting in the queue", registry=self.registry)
        self.tasks_created = Counter("flaskapp_tasks_created", "Tasks stored by the API", registry=self.registry)
        self.push_failures = Counter(
            "flaskapp_queue_push_failures", "Tasks stored whose id could not be queued", registry=self.registry
        )
        self.tasks_done = Counter(
            "flaskapp_tasks_done", "Tasks finished by this worker", ("status",), registry=self.registry
        )
        self.task_duration = Histogram("flaskapp_task_duration_seconds", "Duration of a task", registry=self.registry)
        self.tasks_requeued = Counter(
            "flaskapp_tasks_requeued", "Tasks queued again, by reason", ("reason",), registry=self.registry
        )
        self.dependency_up = Gauge(
            "flaskapp_dependency_up", "1 when the last check succeeded", ("dependency",), registry=self.registry
        )
        self.dependency_latency = Gauge(
            "flaskapp_dependency_latency_seconds",
            "Duration of the last check",
            ("dependency",),
            registry=self.registry,
        )

    def serve(self, port: int) -> WSGIServer:
        """Serve /metrics on `port` in a thread. Raises OSError when the port is in use."""
        server, _thread = start_http_server(port, registry=self.registry)
        return server
