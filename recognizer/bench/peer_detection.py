"""One full detection, ours and facenet-pytorch's, on the same frames in turns: how much faster, and is it the same?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recognizer import build
from recognizer.bench.agreement import Agreement, agreement, of_score
from recognizer.bench.peers import FacenetPyTorch
from recognizer.bench.timing import Ratio, Spent, cpu_ms, interleaved, ratio, wall_ms
from recognizer.config import Settings
from recognizer.protocols import Detector
from recognizer.types import U8, FaceDetections

SAME_BOX = 0.7
"""Intersection over union at which a box of one is a box of the other."""
CONFIDENT = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class DetectionRace:
    """Both on every frame."""

    frames: int
    ours: list[Spent]
    theirs: list[Spent]
    speedup: Ratio
    every: Agreement
    """Of all boxes of theirs, how many are ours."""
    confident: Agreement
    """Of their boxes of a score of 0.95, against all of ours."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "frames": self.frames,
            "ours_cpu_ms": cpu_ms(self.ours).as_dict(),
            "theirs_cpu_ms": cpu_ms(self.theirs).as_dict(),
            "ours_wall_ms": wall_ms(self.ours).as_dict(),
            "theirs_wall_ms": wall_ms(self.theirs).as_dict(),
            "speedup": self.speedup.as_dict(),
            "their_boxes_found": self.every.as_dict(),
            "their_confident_boxes_found": self.confident.as_dict(),
        }


def race(ours: Detector, theirs: FacenetPyTorch, images: Sequence[U8]) -> DetectionRace:
    """Let both find the faces of each picture, the one first in one and the other first in the next."""
    found: dict[str, dict[int, FaceDetections]] = {"ours": {}, "theirs": {}}

    def by(name: str, detector: Detector | FacenetPyTorch) -> Any:
        def work(number: int) -> None:
            found[name][number] = detector.detect([images[number]])[0]

        return work

    spent = interleaved({"ours": by("ours", ours), "theirs": by("theirs", theirs)}, rounds=len(images))
    mine = [found["ours"][number].boxes for number in range(len(images))]
    reference = [found["theirs"][number] for number in range(len(images))]
    return DetectionRace(
        frames=len(images),
        ours=spent["ours"],
        theirs=spent["theirs"],
        speedup=ratio(spent["theirs"], spent["ours"]),
        every=agreement([faces.boxes for faces in reference], mine, overlap=SAME_BOX),
        confident=agreement(
            [of_score(faces.boxes, faces.scores, CONFIDENT) for faces in reference], mine, overlap=SAME_BOX
        ),
    )


def spread_frames(settings: Settings, count: int) -> list[U8]:
    """So many frames of the settings' clip, evenly spread over it."""
    with build.source(settings) as source:
        total = getattr(source, "frame_count", None) or sum(1 for _ in source)
    step = max(1, total // count)
    with build.source(settings) as source:
        return [frame.image for frame in source if frame.index % step == 0][:count]
