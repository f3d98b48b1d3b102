"""When faces are detected, and what that costs a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.detect.scheduler import AdaptiveScheduler
from recognizer.detect_and_track import detect_and_track
from recognizer.stopwatch import Stopwatch
from recognizer.track.tracker import Tracker
from recognizer.types import U8, DetectionMode, FaceDetections, Frame
from tests.fakes import PaintedFaceDetector


class Recording(PaintedFaceDetector):
    """Records the modes of its detections."""

    def __init__(self) -> None:
        super().__init__()
        self.full: list[bool] = []

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        self.full.append(mode is DetectionMode.FULL)
        return super().detect(images, mode)


def test_the_first_detection_is_full_and_then_one_every_few_seconds() -> None:
    detector = Recording()
    scheduler, tracker = AdaptiveScheduler(max_interval_s=0.5, min_interval_s=0.5, full_interval_s=2.0), Tracker()
    picture = np.zeros((90, 160, 3), np.uint8)
    for number in range(81):
        frame = Frame(picture, number, number / 20, "clip")
        detect_and_track(frame, detector=detector, scheduler=scheduler, tracker=tracker, clock=Stopwatch())
    assert detector.full == [True, False, False, False, True, False, False, False, True]


def test_after_a_cut_a_detection_is_full() -> None:
    detector = Recording()
    scheduler, tracker = AdaptiveScheduler(max_interval_s=9.0, min_interval_s=9.0, full_interval_s=9.0), Tracker()
    scenes = np.random.default_rng(1).integers(0, 256, (2, 9, 16, 3)).astype(np.uint8).repeat(10, 1).repeat(10, 2)
    for number in range(6):
        frame = Frame(scenes[number // 3], number, number / 25, "clip")
        detect_and_track(frame, detector=detector, scheduler=scheduler, tracker=tracker, clock=Stopwatch())
    assert detector.full == [True, True]


class CountingPicture:
    """A decoded picture without faces and without planes that counts its conversions."""

    size = (160, 90)
    luma = np.zeros((90, 160), np.uint8)
    planes = None

    def __init__(self) -> None:
        self.conversions = 0

    def bgr(self) -> U8:
        self.conversions += 1
        return np.zeros((90, 160, 3), np.uint8)


def test_a_picture_without_tracks_is_not_converted() -> None:
    scheduler, tracker = AdaptiveScheduler(max_interval_s=9.0, min_interval_s=9.0, full_interval_s=0), Tracker()
    pictures = [CountingPicture() for _ in range(5)]
    for number, picture in enumerate(pictures):
        frame = Frame(picture, number, number / 25, "clip")
        detect_and_track(frame, detector=PaintedFaceDetector(), scheduler=scheduler, tracker=tracker, clock=Stopwatch())
    assert [picture.conversions for picture in pictures] == [1, 0, 0, 0, 0]
