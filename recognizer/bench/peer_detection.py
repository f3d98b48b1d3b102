"""Compare our three kinds of detection with facenet-pytorch's: speed, interleaved, and agreement of boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from recognizer.app import build
from recognizer.app.config import Settings
from recognizer.bench.agreement import Agreement, agreement
from recognizer.bench.peers import FacenetPyTorch
from recognizer.bench.timing import Ratio, Spent, cpu_ms, interleaved, ratio, wall_ms
from recognizer.geometry import area
from recognizer.protocols import Detector
from recognizer.types import U8, DetectionMode, FaceDetections

SAME_BOX = 0.7
"""Intersection over union from which two boxes are the same face."""
CONFIDENT = 0.95
WARM_UP = 5
"""Rounds before: an engine compiles for repeated shapes."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectionFigures:
    """One kind of our detection, against facenet-pytorch's."""

    spent: list[Spent]
    speedup: Ratio
    every: Agreement
    """Of all their boxes, how many ours found."""
    confident: Agreement
    """Of their boxes with a score of ``CONFIDENT``, how many ours found."""
    large: Agreement
    """Of those, the boxes of at least the smallest face that was set."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "cpu_ms": cpu_ms(self.spent).as_dict(),
            "wall_ms": wall_ms(self.spent).as_dict(),
            "speedup": self.speedup.as_dict(),
            "their_boxes_found": self.every.as_dict(),
            "their_confident_boxes_found": self.confident.as_dict(),
            "of_those_large_enough": self.large.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class DetectionComparison:
    """The outcome on all frames."""

    frames: int
    theirs: list[Spent]
    ours: dict[str, DetectionFigures]
    """``exact MTCNN``, ``full detection`` and ``fast detection``."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {
            "frames": self.frames,
            "theirs": {"cpu_ms": cpu_ms(self.theirs).as_dict(), "wall_ms": wall_ms(self.theirs).as_dict()},
            "ours": {name: figures.as_dict() for name, figures in self.ours.items()},
        }


def compare(
    photos: Detector, video: Detector, theirs: FacenetPyTorch, images: Sequence[U8], *, min_face_px: float
) -> DetectionComparison:
    """Detect the faces of each picture with facenet-pytorch and our three kinds of detection, interleaved.

    Args:
        photos: our detector for photos: exact MTCNN.
        video: our detector for video: full and fast detection.
        theirs: facenet-pytorch's.
        images: (H, W, 3) uint8 BGR each.
        min_face_px: side of the smallest face that was set.
    """
    ways: dict[str, Callable[[Sequence[U8]], list[FaceDetections]]] = {
        "theirs": theirs.detect,
        "exact MTCNN": photos.detect,
        "full detection": partial(video.detect, mode=DetectionMode.FULL),
        "fast detection": partial(video.detect, mode=DetectionMode.FAST),
    }
    found: dict[str, dict[int, FaceDetections]] = {name: {} for name in ways}

    def by(name: str) -> Callable[[int], None]:
        def work(number: int) -> None:
            found[name][number] = ways[name]([images[number]])[0]

        return work

    spent = interleaved({name: by(name) for name in ways}, rounds=len(images), warm_up=WARM_UP)
    reference = [found["theirs"][number] for number in range(len(images))]
    confident = [faces[faces.scores >= CONFIDENT] for faces in reference]
    large = [faces[np.sqrt(area(faces.boxes)) >= min_face_px] for faces in confident]

    def figures(name: str) -> DetectionFigures:
        mine = [found[name][number].boxes for number in range(len(images))]
        agreements = [
            agreement([faces.boxes for faces in some], mine, overlap=SAME_BOX) for some in (reference, confident, large)
        ]
        return DetectionFigures(spent[name], ratio(spent["theirs"], spent[name]), *agreements)

    ours = {name: figures(name) for name in ways if name != "theirs"}
    return DetectionComparison(len(images), spent["theirs"], ours)


def spread_frames(settings: Settings, count: int) -> list[U8]:
    """Decode ``count`` frames of the settings' clip, evenly spread over it."""
    with build.source(settings) as source:
        total = source.frame_count or sum(1 for _ in source)
    step = max(1, total // count)
    with build.source(settings) as source:
        return [frame.image for frame in source if frame.index % step == 0][:count]
