"""Figures of a run: base units, and never a person's name as a label. Who shows them asks the registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from recognizer.clock import WallClock
from recognizer.emit.base import BaseSink
from recognizer.integrations.delivering import DeliveryThread
from recognizer.types import EventKind, FrameResult, SourceChange, SourceState

_STAGE_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_AGE_BUCKETS_S = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5)
Metric = CounterMetricFamily | GaugeMetricFamily


class RunFigures(BaseSink):
    """Counts what a run does.

    Args:
        times: says which sources are cameras.
        dropped: returns the dropped frames of each source.
        deliveries: of other systems.
    """

    def __init__(
        self,
        *,
        times: WallClock,
        dropped: Callable[[], Mapping[str, int]],
        deliveries: Sequence[DeliveryThread] = (),
    ) -> None:
        self._times = times
        self.registry = CollectorRegistry()
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
        self.registry.register(_Pulled(dropped, deliveries))
        self._of_source: dict[str, tuple[Counter, Counter, Histogram | None]] = {}
        self._of_stage: dict[str, Histogram] = {}
        self._statuses: dict[tuple[str, int], str] = {}

    def exposition(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self.registry)

    def emit(self, result: FrameResult) -> None:
        """Count one frame."""
        source = result.frame.source
        frames, faces, age = self._of_source.get(source) or self._begin(source)
        frames.inc()
        if result.identities:
            faces.inc(len(result.identities))
        for stage, seconds in result.timings.items():
            counted = self._of_stage.get(stage)
            if counted is None:
                counted = self._of_stage[stage] = self._stages.labels(stage)
            counted.observe(seconds)
        if age is not None:
            age.observe(time.monotonic() - result.frame.captured_at)
        for who in result.identities:
            self._statuses[source, who.track_id] = who.status.value
        for event in result.events:
            if event.kind is EventKind.LOST:
                self._count(source, event.track_id)

    def _begin(self, source: str) -> tuple[Counter, Counter, Histogram | None]:
        """Look up what a source counts with: to do so in each frame would double the cost."""
        age = self._age.labels(source) if self._times.is_live(source) else None
        found = self._of_source[source] = self._frames.labels(source), self._faces.labels(source), age
        return found

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

    def __init__(self, dropped: Callable[[], Mapping[str, int]], deliveries: Sequence[DeliveryThread]) -> None:
        self._dropped = dropped
        self._deliveries = tuple(deliveries)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        frames = CounterMetricFamily(
            "recognizer_frames_dropped", "Frames that a newer one replaced", labels=["source", "reason"]
        )
        for source, count in list(self._dropped().items()):
            frames.add_metric([source, "late"], count)
        yield frames
        results = CounterMetricFamily("recognizer_deliveries", "Deliveries to other systems", labels=["sink", "result"])
        waiting = GaugeMetricFamily("recognizer_delivery_queue_length", "Deliveries that wait", labels=["sink"])
        for each in self._deliveries:
            for result in ("delivered", "refused", "lost"):
                results.add_metric([each.name, result], getattr(each, result))
            waiting.add_metric([each.name], each.waiting)
        yield results
        yield waiting
