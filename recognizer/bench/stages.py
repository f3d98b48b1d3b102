"""Measure each stage on a clip, frame by frame, with clocks around the pipeline's parts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from recognizer.align import align
from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.end_to_end import decoded
from recognizer.bench.timing import Spent, Spread, cpu_ms, rounded, wall_ms
from recognizer.decide.decider import Decider
from recognizer.emit.overlay import Overlay
from recognizer.emit.overlay_planes import draw_planes
from recognizer.emit.video import VideoWriter
from recognizer.models.resolve import ResolvedModel
from recognizer.pipeline import Pipeline
from recognizer.protocols import GraphRunner
from recognizer.source_context import SourceContext
from recognizer.types import DetectionMode
from recognizer.types.spec import CropSpec

NETS = {"follow": "follow net", "proposals": "proposal net", "pnet": "P-Net", "rnet": "R-Net", "onet": "O-Net"}
FAST, FULL = "fast detection", "full detection"
SEPARATOR = " > "
DECODE = "decoding alone"
"""The yardstick, measured frame by frame in between."""
RECOGNISE = "recognise"
FOLLOW = ("schedule", "refine", "track")
"""Stages of every frame that follow known faces."""


def _mode(images: object, mode: DetectionMode = DetectionMode.EXACT) -> str:
    """Name the stage of a detection."""
    return {DetectionMode.FAST: FAST, DetectionMode.FULL: FULL}.get(mode, "exact MTCNN")


_DETECTOR: Mapping[str, str | Callable[..., str]] = {"detect": _mode, "refine": "refine"}


class Clock:
    """Collect costs by stage name; a stage inside another one has both names: ``fast detection > R-Net``."""

    def __init__(self) -> None:
        self.calls: dict[str, list[Spent]] = {}
        self._inside = threading.local()

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        """Measure a ``with`` block: CPU time of this thread, and wall time."""
        outer: str | None = getattr(self._inside, "name", None)
        self._inside.name = full = name if outer is None else outer + SEPARATOR + name
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            spent = Spent(time.thread_time() - cpu, time.perf_counter() - wall)
            self._inside.name = outer
            self.calls.setdefault(full, []).append(spent)


class Clocked:
    """Wrap a part of the pipeline with a clock around some of its methods.

    Args:
        part: the part.
        clock: collects the costs.
        stages: method -> the stage's name, or a function of the call's arguments that returns it.
    """

    def __init__(self, part: Any, clock: Clock, stages: Mapping[str, str | Callable[..., str]]) -> None:
        self._part = part
        self._clock = clock
        self._stages = stages

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        if name not in self._stages:
            return value
        stage = self._stages[name]

        def clocked(*arguments: Any, **named: Any) -> Any:
            with self._clock.around(stage if isinstance(stage, str) else stage(*arguments, **named)):
                return value(*arguments, **named)

        return clocked


class ClockedNet:
    """Wrap a graph with a clock around it."""

    def __init__(self, runner: GraphRunner, clock: Clock, name: str) -> None:
        self._runner = runner
        self._clock = clock
        self._name = name

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """Run the graph on its single input."""
        with self._clock.around(self._name):
            return self._runner.run(inputs)


@dataclass(frozen=True, slots=True)
class Row:
    """The cost of one stage."""

    stage: str
    calls: int
    wall_ms: Spread
    """Of a call."""
    cpu_ms: Spread
    cpu_ms_per_frame: float
    """Mean over all frames, also those without a call."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "stage": self.stage,
            "calls": self.calls,
            "wall_ms": self.wall_ms.as_dict(),
            "cpu_ms": self.cpu_ms.as_dict(),
            "cpu_ms_per_frame": round(self.cpu_ms_per_frame, 4),
        }


def rows_of(calls: Mapping[str, Sequence[Spent]], *, frames: int) -> list[Row]:
    """Tabulate what a clock collected; inner stages follow the outer one."""
    firsts = list(calls)

    def order(name: str) -> list[int]:
        parts = name.split(SEPARATOR)
        heads = [SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts))]
        return [firsts.index(head) if head in firsts else len(firsts) for head in heads]

    return [
        Row(name, len(calls[name]), wall_ms(calls[name]), cpu_ms(calls[name]), _mean_ms(calls[name], frames))
        for name in sorted(calls, key=order)
    ]


def _mean_ms(spent: Sequence[Spent], frames: int) -> float:
    return 1000 * sum(each.cpu_s for each in spent) / max(frames, 1)


def clocked_pipeline(settings: Settings, resolved: ResolvedModel, clock: Clock) -> Pipeline:
    """Build the pipeline of ``build`` with a clock around every part."""
    enrolled = build.enrolled_people(settings, resolved.fingerprint)
    make = build.video_context(settings, resolved, enrolled=len(enrolled))

    def new_context(source: str) -> SourceContext:
        made = make(source)
        return replace(
            made,
            scheduler=Clocked(made.scheduler, clock, {"next_detection": "schedule", "record_detection": "schedule"}),
            tracker=Clocked(made.tracker, clock, {"predict": "track", "follow": "track", "update": "track"}),
            decider=_clocked_decider(made.decider, clock),
        )

    def watched(name: str, runner: GraphRunner) -> GraphRunner:
        return ClockedNet(runner, clock, NETS[name])

    return Pipeline(
        detector=Clocked(build.video_detector(settings, watched), clock, _DETECTOR),
        embedder=Clocked(build.embedder(settings, resolved), clock, {"embed": "embed"}),
        index=Clocked(build.index_of(enrolled), clock, {"search": "match"}),
        new_context=new_context,
    )


def _clocked_decider(decider: Decider, clock: Clock) -> Decider:
    """Wrap the decider, which is a class and no protocol: the type checker sees a ``Decider``."""
    return cast(Decider, Clocked(decider, clock, {"observe": "decide", "learn": "decide", "decide": "decide"}))


@dataclass(frozen=True, slots=True)
class Stages:
    """The cost of every stage on some frames of a clip."""

    rows: tuple[Row, ...]
    frames: int
    faces: float
    """Mean number of reported faces in a frame."""

    @property
    def following(self) -> float:
        """CPU time of following faces between detections, divided by that of decoding alone."""
        per_frame = {row.stage: row.cpu_ms_per_frame for row in self.rows}
        return sum(per_frame.get(RECOGNISE + SEPARATOR + stage, 0.0) for stage in FOLLOW) / per_frame[DECODE]

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "stages": [row.as_dict() for row in self.rows],
            "stage_frames": self.frames,
            "faces_in_a_frame": rounded(self.faces),
            "following_against_decode": rounded(self.following),
        }


def warm(pipeline: Pipeline, settings: Settings, *, frames: int | None) -> None:
    """Recognise the clip's first frames, so that all graphs are compiled."""
    with build.source(settings) as source:
        last = None
        for last in islice(source, frames):
            pipeline.step(last)
    if last is not None:
        pipeline.end(last)


def measure(settings: Settings, resolved: ResolvedModel, *, frames: int | None) -> Stages:
    """Run the settings' clip frame by frame through every stage, on this thread.

    An unmeasured pass before compiles the graphs: a camera runs for months, and compiling takes minutes at most.
    Overlay and encoder are measured in a pass after: in a run the encoder has a thread of its own, and between two
    frames it would evict recognition's data from the caches.
    """
    clock, shown = Clock(), Clock()
    pipeline = clocked_pipeline(settings, resolved, clock)
    warm(pipeline, settings, frames=frames)
    clock.calls.clear()
    count, shown_faces, last = 0, 0, None
    alone = decoded(Path(settings.source.location), threads=settings.source.decode_threads)
    with build.source(settings) as source, closing(alone):
        remaining = islice(source, frames)
        while True:
            with clock.around(DECODE):
                next(alone, None)
            with clock.around("capture"):
                frame = next(remaining, None)
            if frame is None:
                break
            with clock.around(RECOGNISE):
                result = pipeline.step(frame)
            count, shown_faces, last = count + 1, shown_faces + len(result.tracks), frame
    if last is not None:
        pipeline.end(last)
    calls = {name: list(spent) for name, spent in clock.calls.items()}
    _measure_outputs(pipeline, settings, resolved.spec.crop, shown, frames=frames)
    return Stages(tuple(rows_of({**calls, **shown.calls}, frames=count)), count, shown_faces / max(count, 1))


def _measure_outputs(
    pipeline: Pipeline, settings: Settings, cut: CropSpec, clock: Clock, *, frames: int | None
) -> None:
    """Align all faces of the clip's frames, draw the labels, and encode the video."""
    with (
        TemporaryDirectory() as folder,
        VideoWriter(Path(folder) / "labelled.mp4", render=Overlay(), draw=draw_planes) as writer,
        build.source(settings) as source,
    ):
        for frame in islice(source, frames):
            result = pipeline.step(frame)
            tracks = result.tracks
            with clock.around("align, every face"):  # the pipeline aligns only those that it embeds
                align(frame.image, tracks.landmarks, tracks.scores, cut=cut, boxes=tracks.boxes)
            with clock.around("draw and encode"):
                writer.emit(result)
