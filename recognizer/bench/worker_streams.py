"""The same trials with recognition in worker processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.capacity import StreamFigures, Trial, figures_of
from recognizer.bench.stages import warm
from recognizer.bench.streams import SETTLE_S, WARM_UP, arrival, stream
from recognizer.emit.collect import CollectingSink
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import FrameSource, VectorIndex
from recognizer.runtime.workers.messages import GalleryState
from recognizer.runtime.workers.pool import Limits, WorkerPool


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """Workers play the streams, and compile their graphs before."""

    settings: Settings
    resolved: ResolvedModel
    streams: int

    def make_source(self, name: str) -> FrameSource:
        """Make the stream of this name."""
        return stream(self.settings, int(name.removeprefix("stream ")) - 1, self.streams)

    def make_pipeline(self, first_ids: Mapping[str, int]) -> Pipeline:
        """Make the pipeline, warm."""
        pipeline = build.video_pipeline(self.settings, self.resolved, first_ids=first_ids)
        warm(pipeline, self.settings, frames=WARM_UP)
        return pipeline

    def make_index(self, state: GalleryState) -> VectorIndex:
        """Make the index of a gallery."""
        return build.index_of(state.enrolled, state.rejections)


class WorkerTrials:
    """Runs each trial in new workers.

    Args:
        settings: their source is a video file.
        resolved: the model.
        workers: processes, at most one for each stream.
    """

    def __init__(self, settings: Settings, resolved: ResolvedModel, *, workers: int) -> None:
        self._settings = settings
        self._resolved = resolved
        self._workers = workers

    def trial(self, *, streams: int, seconds: float) -> Trial:
        """Recognise ``streams`` clips for ``seconds`` after ``SETTLE_S``, which begins when all have begun."""
        plan = StreamPlan(self._settings, self._resolved, streams)
        sources = [plan.make_source(f"stream {place + 1}") for place in range(streams)]
        limits = Limits(memory_bytes=4_000_000_000, silent_s=10.0)
        pool = WorkerPool(plan, sources, count=min(self._workers, streams), limits=limits)
        sink = CollectingSink(arrival)
        stop, spent = threading.Event(), _Spent()

        def go_on() -> bool:
            begun = {seen.stream for seen in sink.values}
            now = time.monotonic()
            if len(begun) == streams and spent.began_at == 0:
                spent.began_at = now + SETTLE_S
            if spent.began_at and now >= spent.began_at:
                spent.note(time.process_time() + pool.cpu_s)
            return not spent.began_at or now < spent.began_at + seconds

        pool.run([sink], stop=stop, go_on=go_on, dropped={})
        found = figures_of(sink.values, settled_at=spent.began_at)
        figures = tuple(found.get(source.name, StreamFigures()) for source in sources)
        return Trial(figures, spent.cpu_s / seconds)


@dataclass(slots=True)
class _Spent:
    began_at: float = 0.0
    """When the trial had settled, monotonic s; 0: it has not."""
    first_s: float | None = None
    cpu_s: float = 0.0

    def note(self, cpu_s: float) -> None:
        self.first_s = cpu_s if self.first_s is None else self.first_s
        self.cpu_s = cpu_s - self.first_s
