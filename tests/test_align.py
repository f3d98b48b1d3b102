from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from recognizer.align import align, align_tracks, pose
from recognizer.capture.decoder import BgrConverter, Picture
from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.types import F32, Frame, Tracks
from recognizer.types.spec import CropSpec


def test_a_face_in_the_template_is_cut_out_unchanged() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 220, 3), np.uint8)
    faces = align(image, ARCFACE_TEMPLATE[None] + np.array([40, 30], np.float32), np.ones(1, np.float32))
    np.testing.assert_array_equal(faces.crops[0], image[30:142, 40:152, ::-1])


def test_a_turned_and_scaled_face_comes_back_upright() -> None:
    small = cv2.resize(np.random.default_rng(1).integers(0, 256, (14, 14, 3), np.uint8), (112, 112))
    turn = cv2.getRotationMatrix2D((56, 56), 25, 2.0) + np.array([[0, 0, 200], [0, 0, 150]])
    image = cv2.warpAffine(small, turn, (600, 500), flags=cv2.INTER_CUBIC)
    points = (ARCFACE_TEMPLATE @ turn[:, :2].T + turn[:, 2]).astype(np.float32)[None]
    crop = align(np.asarray(image, np.uint8), points, np.ones(1, np.float32)).crops[0]
    assert np.abs(crop[:, :, ::-1].astype(int) - small)[4:-4, 4:-4].mean() < 4


def test_outside_the_picture_is_black_and_nobody_is_nobody() -> None:
    image = np.full((50, 50, 3), 200, np.uint8)
    faces = align(image, ARCFACE_TEMPLATE[None] + np.array([-60, 0], np.float32), np.ones(1, np.float32))
    assert faces.crops[0][:, :50].max() == 0
    assert len(align(image, np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32))) == 0


def turned(yaw_deg: float, roll_deg: float = 0, eyes_px: float = 40) -> F32:
    """Five points of a flat head with a nose, seen from the front after turning it: a second derivation of the pose."""
    head = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.55, 0.55], [-0.4, 1.1, 0], [0.4, 1.1, 0]])
    yaw, roll = np.radians([yaw_deg, roll_deg])
    around_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    around_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(((head @ around_y.T @ around_z.T)[:, :2] * eyes_px)[None], np.float32)


@pytest.mark.parametrize(
    ("yaw", "roll"), [(0, 0), (20, 0), (-35, 0), (60, 0), (0, 30), (25, -15), (85, 0), (0, 90), (20, 179)]
)
def test_pose_of_a_turned_head(yaw: float, roll: float) -> None:
    eyes_px, yaw_deg, roll_deg = pose(turned(yaw, roll))
    assert yaw_deg[0] == pytest.approx(yaw, abs=0.5)
    assert roll_deg[0] == pytest.approx(roll, abs=0.5)
    assert eyes_px[0] == pytest.approx(40 * np.cos(np.radians(yaw)), rel=1e-3)


def test_the_roll_of_a_profile_is_not_that_of_two_eyes_that_lie_one_above_the_other() -> None:
    points = turned(85)
    points[0, 1] += np.array([0, 8], np.float32)  # the far eye is guessed: 66 degrees by the eyes alone
    assert abs(pose(points)[2][0]) < 15


def test_blur_lowers_sharpness() -> None:
    image = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    blurred = cv2.GaussianBlur(image, (0, 0), 3)  # of white noise, blur takes contrast, too
    sharp, soft = (
        align(np.asarray(each, np.uint8), ARCFACE_TEMPLATE[None], np.ones(1, np.float32)).quality.sharpness[0]
        for each in (image, blurred)
    )
    assert soft < sharp / 10


def test_planes_are_aligned_like_their_bgr_picture() -> None:
    y, x = np.mgrid[0:240, 0:320]
    picture = np.stack([60 + x / 2, 40 + y / 2, 200 - x / 3], axis=-1).astype(np.uint8)
    cv2.circle(picture, (150, 110), 40, (200, 180, 90), -1)
    decoded = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
    frame = Frame(Picture(decoded, BgrConverter("test")), 0, 0.0, "test")
    for offset in ([60, 60], [-40, 30], [280, 200]):  # also beyond the edges
        points = (ARCFACE_TEMPLATE * 1.3 + np.array(offset, np.float32))[None]
        boxes, score, row = np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.array([0])
        tracks = Tracks(row, boxes, points, score, row, np.array([True]))
        from_planes = align_tracks(frame, tracks, cut=CropSpec())
        from_bgr = align(frame.image, points, score)
        assert np.abs(from_planes.crops.astype(int) - from_bgr.crops).mean() < 1.5
        np.testing.assert_allclose(from_planes.quality.sharpness, from_bgr.quality.sharpness, rtol=0.1, atol=1)
