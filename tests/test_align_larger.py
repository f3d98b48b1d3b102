from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognizer.align import ARCFACE_CUT, align_tracks
from recognizer.align_larger import ENOUGH_EYES_PX, align_larger, likeness
from recognizer.app.images import as_bgr
from recognizer.decide.weights import GOOD_EYES_PX
from recognizer.demo.demo_clip import MEDIA
from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.types import U8, Frame, Tracks
from tests.larger import Given

LANDMARKS = np.asarray(ARCFACE_TEMPLATE, np.float32)[None] * 4 + 100
"""Of a face in a picture of 800 x 800 px."""


@pytest.fixture(scope="module")
def portrait() -> U8:
    image = as_bgr(MEDIA / "grace_hopper.jpg")
    return np.asarray(cv2.resize(image, (800, 800), interpolation=cv2.INTER_AREA), np.uint8)


def tracks_at(scale: tuple[float, float]) -> Tracks:
    landmarks = (LANDMARKS * np.array(scale, np.float32)).astype(np.float32)
    boxes = np.concatenate([landmarks[0].min(0), landmarks[0].max(0)])[None]
    return Tracks(np.array([7]), boxes, landmarks, np.ones(1, np.float32), np.array([-1]), np.ones(1, bool))


def aligned(picture: U8, scale: tuple[float, float], larger: Given | None) -> tuple[U8, float, tuple[float, ...]]:
    frame, tracks = Frame(picture, 0, 0.0, "camera", larger=larger), tracks_at(scale)
    faces, skews = align_larger(frame, tracks, align_tracks(frame, tracks, cut=ARCFACE_CUT), cut=ARCFACE_CUT)
    return faces.crops[0], float(faces.quality.eyes_px[0]), skews


@pytest.mark.parametrize("size", [(160, 160), (168, 160)], ids=["same shape", "squeezed"])
def test_a_small_face_is_cut_from_the_larger_picture(portrait: U8, size: tuple[int, int]) -> None:
    small = np.asarray(cv2.resize(portrait, size, interpolation=cv2.INTER_AREA), np.uint8)
    scale = (size[0] / 800, size[1] / 800)
    best, _, _ = aligned(portrait, (1, 1), None)
    blurred, few, none = aligned(small, scale, None)
    crop, eyes_px, skews = aligned(small, scale, given := Given(portrait))
    assert none == ()
    assert skews == (0.02,)
    assert eyes_px > 3 * few
    assert np.abs(crop.astype(int) - best).mean() < 0.2 * np.abs(blurred.astype(int) - best).mean()
    assert (given.asked, given.alike, given.unlike) == ([[7]], 1, 0)


def test_a_face_with_enough_pixels_needs_no_other_picture(portrait: U8) -> None:
    _, _, skews = aligned(portrait, (1, 1), given := Given(portrait))
    assert (skews, given.asked) == ((), [])


def test_a_picture_that_shows_another_place_is_not_used(portrait: U8) -> None:
    small = np.asarray(cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    alone, few, _ = aligned(small, (0.2, 0.2), None)
    moved = np.roll(portrait, 250, axis=1)
    crop, eyes_px, skews = aligned(small, (0.2, 0.2), given := Given(moved))
    assert (skews, given.alike, given.unlike) == ((), 0, 1)
    assert eyes_px == few
    assert (crop == alone).all()


def test_without_a_picture_the_frame_does(portrait: U8) -> None:
    small = np.asarray(cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    alone, _, _ = aligned(small, (0.2, 0.2), None)
    crop, _, skews = aligned(small, (0.2, 0.2), Given(None))
    assert skews == ()
    assert (crop == alone).all()


def test_likeness() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (2, 112, 112, 3), np.uint8)
    smooth = np.stack([np.asarray(cv2.GaussianBlur(each, (0, 0), 9), np.uint8) for each in noise])
    assert likeness(smooth[0], smooth[0]) == pytest.approx(1)
    assert abs(likeness(smooth[0], smooth[1])) < 0.5
    assert likeness(np.full_like(noise[0], 9), noise[0]) == 0  # a flat picture proves nothing


def test_a_face_that_is_large_enough_here_is_large_enough_to_decide() -> None:
    assert ENOUGH_EYES_PX == GOOD_EYES_PX
