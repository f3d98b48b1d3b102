"""A camera that is mounted turned is noticed, and said once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.capture.pictures import read_picture
from recognizer.detect.mounting import FIRST_WAIT_S, MountingCheck
from recognizer.types import U8, DetectionMode, FaceDetections, Frame
from tests.fakes import PaintedFaceDetector


class UprightOnly(PaintedFaceDetector):
    """Finds one face, where the picture's corner at the top left is white."""

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        self.shown += len(images)
        box = np.array([[10, 10, 60, 60]], np.float32)
        return [self._at(box if image[0, 0, 0] == 255 else box[:0]) for image in images]


def picture(turn_deg: int) -> U8:
    """What a camera that is turned by so much against the clock sees."""
    upright = np.zeros((90, 160, 3), np.uint8)
    upright[:9, :9] = 255
    return np.ascontiguousarray(np.rot90(upright, turn_deg // 90))


def settled(check: MountingCheck, detector: PaintedFaceDetector, image: U8, *, seconds: int) -> list[tuple[int, int]]:
    """Seconds at which a turn was said, and the turn."""
    said = [(at, check.update(Frame(image, at, float(at), "door"), detector, has_face=False)) for at in range(seconds)]
    return [(at, turn) for at, turn in said if turn is not None]


@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_a_turned_camera_is_said_once_with_the_setting(turn_deg: int, logged_warnings: list[str]) -> None:
    said = settled(MountingCheck(), UprightOnly(), picture(turn_deg), seconds=120)
    assert [turn for _, turn in said] == [turn_deg]
    [line] = logged_warnings
    assert line.startswith("door: ")
    assert f"Add {turn_deg} to its rotate_deg" in line


def test_where_nobody_is_searches_become_rare() -> None:
    detector = UprightOnly()
    assert settled(MountingCheck(), detector, np.zeros((90, 160, 3), np.uint8), seconds=3600) == []
    assert detector.shown <= 3 * 13


def test_nothing_is_searched_where_a_face_was_seen_upright() -> None:
    check, detector = MountingCheck(), UprightOnly()
    check.update(Frame(picture(90), 0, 0.0, "door"), detector, has_face=True)
    assert settled(check, detector, picture(90), seconds=100) == []
    assert detector.shown == 0


@pytest.mark.weights
@pytest.mark.parametrize("turn_deg", [90, 180, 270])
def test_real_faces_turned(shared_data: Path, turn_deg: int) -> None:
    detector = build.video_detector(config.load())
    image = read_picture(next(iter(sorted((shared_data / "data/lfw/images").glob("*/*_0001.jpg")))))
    turned = np.ascontiguousarray(np.rot90(image, turn_deg // 90))
    check, at, said = MountingCheck(), 0.0, None
    while said is None and at < 8 * FIRST_WAIT_S:
        said, at = check.update(Frame(turned, 0, at, "door"), detector, has_face=False), at + 0.5
    assert said == turn_deg
