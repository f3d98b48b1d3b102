"""One detection, ours in its three ways, and facenet-pytorch's, in turns: how much faster, and is it the same?"""

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
from recognizer.types import U8, FaceDetections

SAME_BOX = 0.7
"""Intersection over union at which a box of one is a box of the other."""
CONFIDENT = 0.95
WARM_UP = 5
"""Rounds before: an engine compiles for shapes that come again."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """One of our ways to find faces, against theirs."""

    spent: list[Spent]
    speedup: Ratio
    every: Agreement
    """Of all boxes of theirs, how many are ours."""
    confident: Agreement
    """Of their boxes of a score of 0.95, against all of ours."""
    asked_for: Agreement
    """Of those, the ones of at least the size that was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "cpu_ms": cpu_ms(self.spent).as_dict(),
            "wall_ms": wall_ms(self.spent).as_dict(),
            "speedup": self.speedup.as_dict(),
            "their_boxes_found": self.every.as_dict(),
            "their_confident_boxes_found": self.confident.as_dict(),
            "of_those_large_enough": self.asked_for.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class DetectionRace:
    """All on every frame."""

    frames: int
    theirs: list[Spent]
    ours: dict[str, Search]
    """See ``race``."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "frames": self.frames,
            "theirs": {"cpu_ms": cpu_ms(self.theirs).as_dict(), "wall_ms": wall_ms(self.theirs).as_dict()},
            "ours": {name: search.as_dict() for name, search in self.ours.items()},
        }


def race(
    photos: Detector, video: Detector, theirs: FacenetPyTorch, images: Sequence[U8], *, min_face_px: float
) -> DetectionRace:
    """Let facenet-pytorch, our detection, our thorough look and our glance find the faces of each picture, in turns.

    Args:
        photos: our detector for single pictures.
        video: and that for video.
        theirs: facenet-pytorch's.
        images: (H, W, 3) uint8 BGR each.
        min_face_px: side of the smallest face asked for.
    """
    ways: dict[str, Callable[[Sequence[U8]], list[FaceDetections]]] = {
        "theirs": theirs.detect,
        "detection": photos.detect,
        "thorough look": partial(video.glance, thorough=True),
        "glance": video.glance,
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

    def search(name: str) -> Search:
        mine = [found[name][number].boxes for number in range(len(images))]
        every, sure, asked = (
            agreement([faces.boxes for faces in some], mine, overlap=SAME_BOX) for some in (reference, confident, large)
        )
        return Search(spent[name], ratio(spent["theirs"], spent[name]), every, sure, asked)

    return DetectionRace(len(images), spent["theirs"], {name: search(name) for name in ways if name != "theirs"})


def spread_frames(settings: Settings, count: int) -> list[U8]:
    """So many frames of the settings' clip, evenly spread over it."""
    with build.source(settings) as source:
        total = getattr(source, "frame_count", None) or sum(1 for _ in source)
    step = max(1, total // count)
    with build.source(settings) as source:
        return [frame.image for frame in source if frame.index % step == 0][:count]
