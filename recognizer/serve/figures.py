"""Figures of the web process for Prometheus: requests, searches, viewers, and how much is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recognizer import __version__
from recognizer.serve.access.guard import ROUTE

_SEARCH_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class WebFigures:
    """Counts what the web process does."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "recognizer_http_requests", "Answered requests", ["route", "code"], registry=self._registry
        )
        self._searches = Histogram(
            "recognizer_search_duration_seconds",
            "Time of a search for a face in the history",
            buckets=_SEARCH_BUCKETS_S,
            registry=self._registry,
        )
        self._info = Gauge(
            "recognizer_build_info",
            "Version, model and engine",
            ["version", "model", "engine"],
            registry=self._registry,
        )
        self._gauges: dict[str, Gauge] = {}

    def answered(self, route: str, code: int) -> None:
        """Count a request.

        Args:
            route: with the names of its parameters, not their values.
            code: HTTP status.
        """
        self._requests.labels(route, code).inc()

    @contextmanager
    def searching(self) -> Iterator[None]:
        """Measure a search."""
        began = time.perf_counter()
        yield
        self._searches.observe(time.perf_counter() - began)

    def set(self, name: str, what: str, value: float | None) -> None:
        """Set a figure without labels; ``None``: it is not known now, so it is not shown."""
        gauge = self._gauges.get(name)
        if value is None:
            if gauge is not None:
                self._registry.unregister(self._gauges.pop(name))
            return
        if gauge is None:
            gauge = self._gauges[name] = Gauge(f"recognizer_{name}", what, registry=self._registry)
        gauge.set(value)

    def describe(self, model: str | None, engine: str | None) -> None:
        """Say what runs here."""
        self._info.clear()
        self._info.labels(__version__, model or "", engine or "").set(1)

    def exposition(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


class CountRequests:
    """The outermost layer: counts each answer by its route and status.

    Args:
        app: what answers.
        figures: where they are counted.
    """

    def __init__(self, app: ASGIApp, figures: WebFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get(ROUTE)
                path = getattr(route, "path_format", None) or getattr(route, "path", None) or "other"
                self._figures.answered(path, message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)
