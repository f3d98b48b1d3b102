"""A whole detection goes on frame by frame, and seldom while frames wait."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from recognizer.detect.cadence import Cadence
from recognizer.find import HURRIED_S, Finder
from recognizer.stopwatch import Stopwatch
from recognizer.track import Tracker
from recognizer.types import U8, FaceDetections, Frame
from tests.fakes import PaintedFaceDetector

PARTS = 4


class Slow(PaintedFaceDetector):
    """Counts the parts of its whole detections."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[int] = []

    def search(self, image: U8) -> Iterator[FaceDetections | None]:
        self.done.append(0)
        for _ in range(PARTS):
            self.done[-1] += 1
            yield None
        yield self.detect([image])[0]


@pytest.mark.parametrize(("hurried", "frames"), [(False, PARTS + 1), (True, PARTS * round(HURRIED_S * 25) + 1)])
def test_a_whole_detection_is_spread_over_frames_more_so_while_others_wait(hurried: bool, frames: int) -> None:
    detector = Slow()
    finder = Finder(detector, Cadence(whole_s=3.0), Tracker())
    picture = np.zeros((90, 160, 3), np.uint8)
    finder.find(Frame(picture, 0, 0.0, "clip"), Stopwatch())
    assert detector.done == [PARTS]  # the first waits for nobody
    number, searching = 0, 0
    while len(detector.done) < 2 or finder.searching:
        number += 1
        finder.find(Frame(picture, number, number / 25, "clip"), Stopwatch(), hurried=hurried)
        searching += len(detector.done) == 2
    assert detector.done == [PARTS, PARTS]
    assert searching == pytest.approx(frames, abs=2)


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
    finder = Finder(PaintedFaceDetector(), Cadence(interval_s=9.0, shortest_s=9.0, whole_s=0), Tracker())
    pictures = [Asked() for _ in range(5)]
    for number, picture in enumerate(pictures):
        finder.find(Frame(picture, number, number / 25, "clip"), Stopwatch())
    assert [picture.asked for picture in pictures] == [1, 0, 0, 0, 0]
