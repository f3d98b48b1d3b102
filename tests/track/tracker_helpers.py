"""Square faces, and frames of them for a tracker."""

from __future__ import annotations

import numpy as np

from recognizer.track.tracker import Tracker
from recognizer.types import F32, FaceDetections, RefinedFaces, Tracks


def faces(*boxes: tuple[float, float, float], score: float = 0.999) -> FaceDetections:
    """Square faces by their left, top and side."""
    corners = np.array([(x, y, x + side, y + side) for x, y, side in boxes], np.float32).reshape(-1, 4)
    landmarks = np.repeat(corners[:, None, :2], 5, axis=1)
    return FaceDetections(corners, np.full(len(corners), score, np.float32), np.asarray(landmarks, np.float32))


NOBODY = FaceDetections.empty()


def follow(tracker: Tracker, at: float, refined: FaceDetections) -> Tracks:
    """Follow refined faces, of which those that the tracker wants verified were verified."""
    verify = tracker.predict(at)[1]
    verified = verify if len(verify) == len(refined) else np.ones(len(refined), bool)  # some tests bring too many rows
    return tracker.follow(at, RefinedFaces.of(refined, verified=verified))


def expected(tracker: Tracker, at: float) -> F32:
    """(T, 4) boxes that are to be refined."""
    return tracker.predict(at)[0]


def seen_again(tracker: Tracker, at: float, score: float = 0.999) -> FaceDetections:
    """What O-Net says when every face is where it is expected."""
    boxes = expected(tracker, at)
    return faces(*[(b[0], b[1], b[2] - b[0]) for b in boxes.tolist()], score=score)


def detected(tracker: Tracker, at: float, found: FaceDetections, score: float = 0.999) -> Tracks:
    """A frame with a detection; faces that were not found are where they are expected."""
    tracker.update(at, found)
    return follow(tracker, at, seen_again(tracker, at, score))


def started(*boxes: tuple[float, float, float]) -> tuple[Tracker, Tracks]:
    tracker = Tracker(min_score=0.5, keep_lost_s=1.5)
    return tracker, detected(tracker, 0.0, faces(*boxes))
