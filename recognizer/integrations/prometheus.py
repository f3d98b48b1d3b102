"""Serves the figures of a run at ``/metrics``, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from prometheus_client import Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from recognizer.clock import WallClock
from recognizer.errors import OutputError
from recognizer.integrations.delivering import DeliveryThread
from recognizer.integrations.metrics_server import MetricsServer
from recognizer.integrations.run_figures import RunFigures


class MetricsSink(RunFigures):
    """Counts what a run does, and serves it on a port of its own.

    Args:
        host: address to listen on.
        port: to listen on.
        version, model, engine: labels of ``recognizer_build_info``.
        times: says which sources are cameras.
        dropped: dropped frames of each source, kept up to date by the run.
        people: number of enrolled people.
        store_bytes: size of the history on disk; ``None``: there is none.
        deliveries: of other systems.
        health: describes the run at ``/healthz`` and ``/readyz``.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        version: str,
        model: str,
        engine: str,
        times: WallClock,
        dropped: Mapping[str, int],
        people: Callable[[], int],
        store_bytes: Callable[[], int] | None = None,
        deliveries: Sequence[DeliveryThread] = (),
        health: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(times=times, dropped=lambda: dropped, deliveries=deliveries)
        self._host, self._port, self._health = host, port, health
        build = Gauge(
            "recognizer_build_info", "Version, model and engine", ["version", "model", "engine"], registry=self.registry
        )
        build.labels(version, model, engine).set(1)
        self.registry.register(_Stores(people, store_bytes))
        self._server: MetricsServer | None = None

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            OutputError: the address is in use or not ours.
        """
        try:
            self._server = MetricsServer(self._host, self._port, self.registry, self._health)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(
                f"metrics: cannot listen on {self._host}:{self._port} ({reason}); choose another metrics.port."
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()


class _Stores(Collector):
    """Sizes that are read when somebody asks."""

    def __init__(self, people: Callable[[], int], store_bytes: Callable[[], int] | None) -> None:
        self._people, self._store_bytes = people, store_bytes

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the metrics."""
        yield GaugeMetricFamily("recognizer_gallery_people", "Enrolled people", value=self._people())
        if self._store_bytes is not None:
            yield GaugeMetricFamily("recognizer_store_bytes", "Size of the history on disk", value=self._store_bytes())
