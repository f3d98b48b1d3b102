"""The small web server of a run: ``/metrics`` for Prometheus, ``/healthz`` and ``/readyz`` for containers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app

Health = Callable[[], Mapping[str, Any]]
_JSON = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]


class MetricsServer:
    """Listens from its making until ``close``.

    Args:
        host: address to listen on.
        port: to listen on.
        registry: of the metrics.
        health: describes the run, with ``alive``, ``ready`` and ``problem``; ``None``: it is well while it answers.

    Raises:
        OSError: the address is in use or not ours.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, health: Health | None = None) -> None:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        kind = type("_FamilyServer", (_Server,), {"address_family": family})
        self._server: WSGIServer = make_server(host, port, _application(registry, health), kind, _Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(1.0)


def _application(registry: CollectorRegistry, health: Health | None) -> WSGIApplication:
    metrics = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path not in ("/healthz", "/readyz"):
            found: Iterable[bytes] = metrics(environ, start)
            return found
        report = {"alive": True, "ready": True} if health is None else dict(health())
        well = report["alive" if path == "/healthz" else "ready"]
        start("200 OK" if well else "503 Service Unavailable", [*_JSON])
        return [json.dumps(report).encode()]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: it is asked every few seconds."""
