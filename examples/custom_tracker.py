"""A tracker of one's own: ``python examples/custom_tracker.py clip.mp4 gallery``.

It gives a detection the id of the nearest face of before, and keeps no face that was lost.
"""

import dataclasses
import sys
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from recognizer.app import build
from recognizer.app.config import load
from recognizer.geometry import centres
from recognizer.pipeline import Pipeline
from recognizer.runtime import stream
from recognizer.source_context import SourceContext
from recognizer.types import F32, FaceDetections, RefinedFaces, Tracks


class NearestTracker:
    """Follows faces by the distance of their centres."""

    lost_now = False

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.boxes = np.zeros((0, 4), np.float32)
        self.made = 0

    @property
    def alive(self) -> frozenset[int]:
        """Ids that may still be seen."""
        return frozenset(self.ids)

    def update(self, at: float, detections: FaceDetections) -> None:
        """Take the faces of a detection; those that are near a face of before keep its id."""
        free, ids = dict(zip(self.ids, centres(self.boxes), strict=True)), []
        for box, centre in zip(detections.boxes, centres(detections.boxes), strict=True):
            gaps = {number: float(np.linalg.norm(centre - old)) for number, old in free.items()}
            nearest = min(gaps, key=gaps.__getitem__, default=None)
            if nearest is None or gaps[nearest] > box[2] - box[0]:
                self.made = nearest = self.made + 1
            free.pop(nearest, None)
            ids.append(nearest)
        self.ids, self.boxes = ids, detections.boxes

    def predict(self, at: float) -> tuple[F32, NDArray[np.bool_]]:
        """Ask for all faces to be refined and verified, in every frame."""
        return self.boxes, np.ones(len(self.ids), bool)

    def follow(self, at: float, refined: RefinedFaces) -> Tracks:
        """Move to the refined boxes, and forget what is no face any more."""
        seen = refined.scores >= 0.5
        self.lost_now = not seen.all()
        self.ids = [number for number, kept in zip(self.ids, seen, strict=True) if kept]
        self.boxes = refined.boxes[seen]
        unknown = np.full(len(self.ids), -1, np.int64)  # row of the detection
        parts = self.boxes, refined.landmarks[seen], refined.scores[seen], unknown, refined.verified[seen]
        return Tracks(np.array(self.ids, np.int64), *parts)

    def question(self, ids: Collection[int]) -> None:
        """Verify these in the next frame: all are, anyway."""

    def split(self, number: int) -> int:
        """Go on with a face under a new id: somebody else took the place."""
        self.made += 1
        self.ids[self.ids.index(number)] = self.made
        return self.made

    def cut(self) -> None:
        """Forget all faces: the shot has changed."""
        self.update(0, FaceDetections.empty())


source, gallery = sys.argv[1:]
settings = load(None, {"source": {"location": source}, "gallery": {"folder": gallery}})
resolved = build.model(settings)
make_context = build.video_context(settings, resolved)


def with_own_tracker(name: str) -> SourceContext:
    """Make what is remembered of a source, with this tracker in it."""
    return dataclasses.replace(make_context(name), tracker=NearestTracker())


pipeline = Pipeline(
    detector=build.video_detector(settings),
    embedder=build.embedder(settings, resolved),
    index=build.index_of(build.enrolled_people(settings, resolved.fingerprint)),
    new_context=with_own_tracker,
)
for result in stream.results(build.source(settings), pipeline):
    for event in result.events:
        print(f"{event.at:6.2f} s  track {event.track_id}  {event.kind.value}  {event.name or ''}")
