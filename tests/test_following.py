"""How much of what detection in every frame finds is also followed when detection runs about once a second."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from recognizer.capture.video import VideoFile
from recognizer.detect.cadence import Cadence
from recognizer.detect.fast import StaleBoxes
from recognizer.detect.mtcnn import Mtcnn
from recognizer.find import find
from recognizer.geometry import area, iou
from recognizer.stopwatch import Stopwatch
from recognizer.track import Tracker
from tests.detect.nets_here import mtcnn

CONFIDENT = 0.95
MIN_FACE_PX = 40


def recall(clip: Path, detector: Mtcnn, *, follow: bool, frames: int | None = None) -> tuple[float, float]:
    """Share of detected faces that a track covers at IoU 0.5: confident faces, and all boxes.

    Detections are of pictures as the encoder meant them, tracks of what ``run`` sees. Boxes smaller than what is looked
    for do not count: the pyramid finds some by chance.
    """
    finder = detector if follow else StaleBoxes(detector)
    cadence, tracker = Cadence(cut=0.5 if follow else 2.0), Tracker()
    covered: list[bool] = []
    scores: list[float] = []
    with VideoFile(clip) as video, VideoFile(clip, deblock="most" if follow else "all") as seen:
        for plain, frame in islice(zip(video, seen, strict=True), frames):
            detections = detector.detect([plain.image])[0]
            tracks = find(frame, detector=finder, cadence=cadence, tracker=tracker, clock=Stopwatch())
            wanted = detections[np.sqrt(area(detections.boxes)) >= MIN_FACE_PX]
            covered += (iou(wanted.boxes, tracks.boxes).max(axis=1, initial=0) >= 0.5).tolist()
            scores += wanted.scores.tolist()
    hits, sure = np.array(covered), np.array(scores) >= CONFIDENT
    return float(hits[sure].mean()), float(hits.mean())


@pytest.mark.weights
def test_walkers_are_followed(shared_data: Path) -> None:
    confident, _ = recall(shared_data / "data/video/street_1080p.mp4", mtcnn(), follow=True, frames=40)
    assert confident >= 0.85


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize(("clip", "wanted"), [("street_1080p", 0.92), ("classroom_720p", 0.92), ("friends_720p", 0.75)])
def test_recall_of_tracks(shared_data: Path, clip: str, wanted: float) -> None:
    path = shared_data / "data/video" / f"{clip}.mp4"
    confident, every = recall(path, mtcnn(), follow=True)
    stale, stale_every = recall(path, mtcnn(), follow=False)
    print(
        f"\n{clip}: confident faces {confident:.3f} (copied boxes {stale:.3f}), "
        f"all boxes {every:.3f} (copied {stale_every:.3f})"
    )
    assert every >= wanted  # of all boxes; of the hands and flowers that MTCNN takes for faces, glances see few
    assert confident >= max(0.95, stale)
