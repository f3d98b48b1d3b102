from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.detect.follow import REACH, FollowNet
from recognizer.geometry import iou
from recognizer.types import U8
from tests.detect.nets_here import mtcnn, net

PORTRAIT = Path(__file__).parent.parent.parent / "recognizer/demo/media"


def portrait() -> U8:
    return np.asarray(cv2.imread(str(sorted(PORTRAIT.glob("*.jpg"))[0])), np.uint8)


class FixedAnswer:
    """A net that says that the face is the middle half of the window."""

    def run(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        middle = np.array([0.25, 0.25, 0.75, 0.75, *[0.5, 0.5] * 5], np.float32)
        return {"scores": np.full(len(inputs), 0.9, np.float32), "places": np.tile(middle, (len(inputs), 1))}


def test_shares_of_the_window_become_pixels_of_the_picture() -> None:
    boxes = np.array([[100, 100, 150, 150], [20, 30, 40, 70]], np.float32)
    faces = FollowNet(FixedAnswer()).find(np.zeros((200, 200, 3), np.uint8), boxes)
    half = np.array([[50, 50], [30, 30]]) * REACH / 4
    np.testing.assert_allclose(faces.boxes[:, 2:] - faces.boxes[:, :2], 2 * half, rtol=1e-5)
    np.testing.assert_allclose(faces.landmarks[:, 0], [[125, 125], [30, 50]], rtol=1e-5)
    assert faces.scores.tolist() == [pytest.approx(0.9)] * 2


def test_a_box_without_a_pixel_has_no_score_and_no_box_gives_no_face() -> None:
    find = FollowNet(FixedAnswer()).find
    outside = np.array([[300, 0, 340, 40], [-90, 0, -50, 40], [0, 500, 40, 540]], np.float32)
    assert find(np.zeros((200, 200, 3), np.uint8), outside).scores.tolist() == [0, 0, 0]
    assert len(find(np.zeros((200, 200, 3), np.uint8), outside[:0])) == 0


def test_the_net_finds_a_face_again_that_moved_and_none_where_there_is_none() -> None:
    image = portrait()
    face = mtcnn().detect([image])[0][:1]
    side = float(face.boxes[0, 2] - face.boxes[0, 0])
    finder = FollowNet(net("follow"))
    for x, y in ((0, 0), (0.3, 0), (-0.3, 0.1), (0, -0.25)):
        moved = face.boxes + np.array([x, y, x, y], np.float32) * np.float32(side)
        again = finder.find(image, moved)
        assert again.scores[0] > 0.9
        assert iou(again.boxes, face.boxes)[0, 0] > 0.75
        off = np.linalg.norm(again.landmarks - face.landmarks, axis=2).mean()
        assert off < 0.06 * side
    blank = np.full_like(image, 90)
    assert finder.find(blank, face.boxes).scores[0] < 0.1


def test_o_net_has_the_last_word_on_what_is_to_be_verified_and_on_what_seems_lost() -> None:
    image = portrait()
    face = mtcnn().detect([image])[0][:1]
    nowhere = np.array([[0, 0, 30, 30]], np.float32)
    boxes = np.concatenate([face.boxes, face.boxes, nowhere])
    onet = mtcnn(own=False).refine(image, boxes)
    found = mtcnn().refine(image, boxes, np.array([True, False, False]))
    np.testing.assert_allclose(found.boxes[0], onet.boxes[0], atol=1e-3)
    assert np.abs(found.boxes[1] - onet.boxes[1]).max() > 1e-3
    assert found.scores[2] < 0.2


def test_o_net_searches_where_the_follow_net_saw_a_face_that_moved() -> None:
    image = portrait()
    face = mtcnn().detect([image])[0][:1]
    side = float(face.boxes[0, 2] - face.boxes[0, 0])
    moved = face.boxes + np.array([0.35, 0.1, 0.35, 0.1], np.float32) * np.float32(side)
    found = mtcnn().refine(image, moved, np.array([True]))
    assert found.scores[0] > 0.9
    assert iou(found.boxes, face.boxes)[0, 0] > 0.8
