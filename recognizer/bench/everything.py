"""Run every measurement of ``bench`` on one clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from recognizer.app import build
from recognizer.bench import embedding, end_to_end, inside, search, stages, start
from recognizer.bench.embedding import Embedding, first_faces
from recognizer.bench.end_to_end import EndToEnd
from recognizer.bench.inside import Function
from recognizer.bench.peer_detection import spread_frames
from recognizer.bench.search import SearchComparison
from recognizer.bench.stages import Stages
from recognizer.bench.start import Start
from recognizer.bench.subject import Bench

PROFILED = 10
"""Frames that detection is profiled on."""
EMBEDDED_ROUNDS = 10
SEARCHED_ROUNDS = 20
PROBES = 50


@dataclass(frozen=True, slots=True, eq=False)
class Everything:
    """All figures of a run."""

    end_to_end: EndToEnd
    stages: Stages
    inside: list[Function]
    embedding: list[Embedding]
    galleries: list[SearchComparison]
    start: Start

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "end_to_end": self.end_to_end.as_dict(),
            **self.stages.as_dict(),
            "inside_detection": [function.as_dict() for function in self.inside],
            "embedding": [row.as_dict() for row in self.embedding],
            "match": [gallery.as_dict() for gallery in self.galleries],
            "start_s": self.start.as_dict(),
        }


def measure(
    bench: Bench,
    *,
    rounds: int,
    frames: int | None,
    galleries: Sequence[int],
    status: Callable[[str], AbstractContextManager[object]],
) -> Everything:
    """Measure end to end, stages, detection, embedding, search and start, in this order.

    Args:
        bench: clip, gallery and model.
        rounds: passes of the whole clip, and starts.
        frames: of the clip, at most.
        galleries: sizes to search in, vectors.
        status: shows what is being measured.
    """
    settings, resolved = bench.settings, bench.resolved
    with status("from end to end"):  # first: the peak of memory is the product's alone
        whole = end_to_end.measure(settings, build.video_pipeline(settings, resolved), rounds=rounds, frames=frames)
    with status("stage by stage"):
        staged = stages.measure(settings, resolved, frames=frames)
        detector, images = build.exact_detector(settings), spread_frames(settings, PROFILED)
        functions = inside.detection(detector, images)
    with status("embedding"):
        models = embedding.available_models(settings)
        faces = embedding.measure(settings, models, first_faces(detector, images), rounds=EMBEDDED_ROUNDS)
    with status("search"):
        found = [search.compare(search.faces(size, probes=PROBES), rounds=SEARCHED_ROUNDS) for size in galleries]
    with status("start"):
        starts = start.measure(settings, rounds=rounds)
    return Everything(whole, staged, functions, faces, found, starts)
