"""Where faces are looked for, and what that costs a frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recognizer.detect.cadence import Cadence
from recognizer.detect_and_track import detect_and_track
from recognizer.stopwatch import Stopwatch
from recognizer.track.tracker import Tracker
from recognizer.types import U8, FaceDetections, Frame
from tests.fakes import PaintedFaceDetector


class Recording(PaintedFaceDetector):
    """Remembers which of its looks were thorough."""

    def __init__(self) -> None:
        super().__init__()
        self.thorough: list[bool] = []

    def glance(self, images: Sequence[U8], *, thorough: bool = False) -> list[FaceDetections]:
        self.thorough.append(thorough)
        return super().glance(images)


def test_the_first_look_is_thorough_and_then_one_every_few_seconds() -> None:
    detector = Recording()
    cadence, tracker = Cadence(interval_s=0.5, shortest_s=0.5, thorough_s=2.0), Tracker()
    picture = np.zeros((90, 160, 3), np.uint8)
    for number in range(81):
        frame = Frame(picture, number, number / 20, "clip")
        detect_and_track(frame, detector=detector, cadence=cadence, tracker=tracker, clock=Stopwatch())
    assert detector.thorough == [True, False, False, False, True, False, False, False, True]


def test_after_a_cut_a_look_is_thorough() -> None:
    detector = Recording()
    cadence, tracker = Cadence(interval_s=9.0, shortest_s=9.0, thorough_s=9.0), Tracker()
    scenes = np.random.default_rng(1).integers(0, 256, (2, 9, 16, 3)).astype(np.uint8).repeat(10, 1).repeat(10, 2)
    for number in range(6):
        frame = Frame(scenes[number // 3], number, number / 25, "clip")
        detect_and_track(frame, detector=detector, cadence=cadence, tracker=tracker, clock=Stopwatch())
    assert detector.thorough == [True, True]


class Asked:
    """A decoded picture without anybody in it, of a format without planes, that counts who asks for its colours."""

    size = (160, 90)
    luma = np.zeros((90, 160), np.uint8)
    planes = None

    def __init__(self) -> None:
        self.asked = 0

    def bgr(self) -> U8:
        self.asked += 1
        return np.zeros((90, 160, 3), np.uint8)


def test_a_picture_without_anybody_to_follow_is_not_brought_into_its_colours() -> None:
    cadence, tracker = Cadence(interval_s=9.0, shortest_s=9.0, thorough_s=0), Tracker()
    pictures = [Asked() for _ in range(5)]
    for number, picture in enumerate(pictures):
        frame = Frame(picture, number, number / 25, "clip")
        detect_and_track(frame, detector=PaintedFaceDetector(), cadence=cadence, tracker=tracker, clock=Stopwatch())
    assert [picture.asked for picture in pictures] == [1, 0, 0, 0, 0]
