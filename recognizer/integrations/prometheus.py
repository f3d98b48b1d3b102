"""Figures of a run for Prometheus: base units, and never a person's name as a label."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.errors import OutputError
from recognizer.integrations.delivering import DeliveryThread
from recognizer.integrations.metrics_server import MetricsServer
from recognizer.types import EventKind, FrameResult, SourceChange, SourceState

_STAGE_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_AGE_BUCKETS_S = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5)
Metric = CounterMetricFamily | GaugeMetricFamily


class MetricsSink(BaseSink):
    """Counts what a run does, and serves it at ``/metrics``.

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
        self._host, self._port, self._times, self._health = host, port, times, health
        self.registry = CollectorRegistry()
        build = Gauge(
            "recognizer_build_info", "Version, model and engine", ["version", "model", "engine"], registry=self.registry
        )
        build.labels(version, model, engine).set(1)
        self._frames = Counter("recognizer_frames", "Recognised frames", ["source"], registry=self.registry)
        self._faces = Counter("recognizer_faces", "Faces in those frames", ["source"], registry=self.registry)
        self._decisions = Counter(
            "recognizer_decisions",
            "Tracks, by their status when they ended",
            ["source", "status"],
            registry=self.registry,
        )
        self._stages = Histogram(
            "recognizer_stage_duration_seconds",
            "Time of a stage in a frame",
            ["stage"],
            buckets=_STAGE_BUCKETS_S,
            registry=self.registry,
        )
        self._age = Histogram(
            "recognizer_frame_age_seconds",
            "From capture to the result, of cameras",
            ["source"],
            buckets=_AGE_BUCKETS_S,
            registry=self.registry,
        )
        self._up = Gauge("recognizer_source_up", "1: frames are coming", ["source"], registry=self.registry)
        self._reconnects = Counter(
            "recognizer_source_reconnects", "Connections that came back", ["source"], registry=self.registry
        )
        self.registry.register(_Pulled(dropped, people, store_bytes, deliveries))
        self._statuses: dict[tuple[str, int], str] = {}
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

    def emit(self, result: FrameResult) -> None:
        """Count one frame."""
        source = result.frame.source
        self._frames.labels(source).inc()
        self._faces.labels(source).inc(len(result.identities))
        for stage, seconds in result.timings.items():
            self._stages.labels(stage).observe(seconds)
        if self._times.is_live(source):
            self._age.labels(source).observe(time.monotonic() - result.frame.captured_at)
        for who in result.identities:
            self._statuses[source, who.track_id] = who.status.value
        for event in result.events:
            if event.kind is EventKind.LOST:
                self._count(source, event.track_id)

    def on_end(self, source: str, events: tuple[object, ...]) -> None:
        """Count the last tracks of a source."""
        for track in [track for of, track in self._statuses if of == source]:
            self._count(source, track)

    def on_source_state(self, change: SourceChange) -> None:
        """Note a camera's change of state."""
        self._up.labels(change.source).set(change.state is SourceState.LIVE)
        if change.event == "source_back":
            self._reconnects.labels(change.source).inc()

    def _count(self, source: str, track: int) -> None:
        status = self._statuses.pop((source, track), None)
        if status is not None:
            self._decisions.labels(source, status).inc()


class _Pulled(Collector):
    """Figures that are read when somebody asks."""

    def __init__(
        self,
        dropped: Mapping[str, int],
        people: Callable[[], int],
        store_bytes: Callable[[], int] | None,
        deliveries: Sequence[DeliveryThread],
    ) -> None:
        self._dropped, self._people, self._store_bytes = dropped, people, store_bytes
        self._deliveries = tuple(deliveries)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        frames = CounterMetricFamily(
            "recognizer_frames_dropped", "Frames that a newer one replaced", labels=["source", "reason"]
        )
        for source, count in list(self._dropped.items()):
            frames.add_metric([source, "late"], count)
        yield frames
        yield GaugeMetricFamily("recognizer_gallery_people", "Enrolled people", value=self._people())
        if self._store_bytes is not None:
            yield GaugeMetricFamily("recognizer_store_bytes", "Size of the history on disk", value=self._store_bytes())
        results = CounterMetricFamily("recognizer_deliveries", "Deliveries to other systems", labels=["sink", "result"])
        waiting = GaugeMetricFamily("recognizer_delivery_queue_length", "Deliveries that wait", labels=["sink"])
        for each in self._deliveries:
            for result in ("delivered", "refused", "lost"):
                results.add_metric([each.name, result], getattr(each, result))
            waiting.add_metric([each.name], each.waiting)
        yield results
        yield waiting
