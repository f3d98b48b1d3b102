"""How much of what detection in every frame finds is also followed when detection runs about once a second."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.capture.video import VideoFile
from recognizer.detect.mtcnn import Mtcnn
from recognizer.detect.scheduler import AdaptiveScheduler
from recognizer.detect.stale_boxes import StaleBoxes
from recognizer.detect_and_track import detect_and_track
from recognizer.evaluation.truth import Truth, read_truth
from recognizer.geometry import area, centres, iou
from recognizer.stopwatch import Stopwatch
from recognizer.track.tracker import Tracker
from recognizer.types import FaceDetections
from tests.conftest import ROOT
from tests.detect.nets_here import mtcnn

CONFIDENT = 0.95
MIN_FACE_PX = 40


def recall(
    clip: Path, detector: Mtcnn, *, follow: bool, frames: int | None = None, truth: Truth | None = None
) -> tuple[float, float]:
    """Share of detected faces that a track covers at IoU 0.5: confident faces, and all boxes.

    Detections are of pictures as the encoder meant them, tracks of what ``run`` sees. Boxes smaller than what is looked
    for do not count: the pyramid finds some by chance. Nor, with a truth, what is nobody's face: hands and flowers.
    """
    finder = detector if follow else StaleBoxes(detector)
    scheduler, tracker = AdaptiveScheduler(cut=0.5 if follow else 2.0), Tracker()
    covered: list[bool] = []
    scores: list[float] = []
    with VideoFile(clip) as video, VideoFile(clip, deblock="most" if follow else "all") as seen:
        for plain, frame in islice(zip(video, seen, strict=True), frames):
            detections = detector.detect([plain.image])[0]
            tracks = detect_and_track(frame, detector=finder, scheduler=scheduler, tracker=tracker, clock=Stopwatch())
            counts = np.sqrt(area(detections.boxes)) >= MIN_FACE_PX
            wanted = detections[counts & (True if truth is None else _of_people(detections, truth, plain.captured_at))]
            covered += (iou(wanted.boxes, tracks.boxes).max(axis=1, initial=0) >= 0.5).tolist()
            scores += wanted.scores.tolist()
    hits, sure = np.array(covered), np.array(scores) >= CONFIDENT
    return float(hits[sure].mean()), float(hits.mean())


def _of_people(detections: FaceDetections, truth: Truth, at: float) -> NDArray[np.bool_]:
    places = [face.box for face in truth.faces if face.box is not None and face.from_s <= at < face.to_s]
    middles = centres(detections.boxes).tolist()
    return np.array(
        [any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in places) for x, y in middles],
        bool,
    )


@pytest.mark.long
@pytest.mark.weights
def test_walkers_are_followed(shared_data: Path) -> None:
    confident, _ = recall(shared_data / "data/video/street_1080p.mp4", mtcnn(), follow=True, frames=40)
    assert confident >= 0.85


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize(("clip", "wanted"), [("street_1080p", 0.92), ("classroom_720p", 0.92), ("friends_720p", 0.88)])
def test_recall_of_tracks(shared_data: Path, clip: str, wanted: float) -> None:
    """The TV clip has cuts, and boxes on hands and flowers: there those on people's faces count."""
    path, known = shared_data / "data/video" / f"{clip}.mp4", ROOT / f"tests/truth/{clip}.yaml"
    truth = read_truth(known) if known.exists() else None
    confident, every = recall(path, mtcnn(), follow=True, truth=truth)
    stale, stale_every = recall(path, mtcnn(), follow=False, truth=truth)
    print(
        f"\n{clip}: confident faces {confident:.3f} (copied boxes {stale:.3f}), "
        f"all boxes{'' if truth is None else ' on faces'} {every:.3f} (copied {stale_every:.3f})"
    )
    assert every >= wanted
    assert confident >= max(0.95, stale)
