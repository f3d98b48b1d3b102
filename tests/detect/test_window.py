from __future__ import annotations

import cv2
import numpy as np
import pytest

from recognizer.detect.window import GREY, WindowSampler, window
from recognizer.types import U8
from recognizer.types.frame import Planes

SIDE = 48


def ramp(height: int = 400, width: int = 600) -> U8:
    """Blue tells the column, green the row, each from 0 to 255."""
    columns = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    rows = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return np.stack([columns, rows, np.zeros((height, width))], axis=2).astype(np.uint8)


@pytest.mark.parametrize("square", [(100, 80, 148, 128), (100.5, 80.25, 130.5, 110.25), (50, 60, 350, 360)])
def test_a_window_shows_the_place_that_was_asked_for_at_any_scale(square: tuple[float, ...]) -> None:
    image = ramp()
    seen = window(image, square, SIDE).astype(float)
    middle = seen[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1].mean(axis=(0, 1))
    x, y = (square[0] + square[2]) / 2 - 0.5, (square[1] + square[3]) / 2 - 0.5
    assert middle[0] == pytest.approx(255 * x / (image.shape[1] - 1), abs=1)
    assert middle[1] == pytest.approx(255 * y / (image.shape[0] - 1), abs=1)
    left = 255 * (square[0] + (square[2] - square[0]) / SIDE / 2 - 0.5) / (image.shape[1] - 1)
    assert seen[SIDE // 2, 0, 0] == pytest.approx(left, abs=1.5)


def test_outside_the_picture_is_grey() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    seen = window(white, (-50, 0, 50, 100), SIDE)
    assert (seen[:, : SIDE // 2 - 2] == GREY).all()
    assert (seen[:, SIDE // 2 + 2 :, 0] == 255).all()
    assert (window(white, (500, 500, 900, 900), SIDE) == GREY).all()
    assert (window(white, (-900, -900, -500, -500), SIDE) == GREY).all()


def test_windows_are_about_what_area_means_are() -> None:
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (300, 300, 3)).astype(np.uint8), (0, 0), 6)
    corners = np.array([[10, 20, 106, 116], [100, 100, 292, 292], [50, 50, 80, 80]])
    crops = WindowSampler(np.asarray(image, np.uint8)).crops(corners, SIDE)
    assert crops.shape == (3, SIDE, SIDE, 3)
    for crop, (x1, y1, x2, y2) in zip(crops, corners, strict=True):
        wanted = cv2.resize(image[y1:y2, x1:x2], (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(float)
        assert np.abs(crop - wanted)[1:-1, 1:-1].mean() < 1.5
    assert WindowSampler(np.asarray(image, np.uint8)).crops(corners[:0], SIDE).shape == (0, SIDE, SIDE, 3)


def planes_of(image: U8) -> Planes:
    """Brightness, and red and blue less it, halved; of a picture with even sides."""
    colours = image.astype(np.float32)
    luma = colours.mean(axis=2)
    blue, red = (128 + (colours[:, :, each] - luma) / 2 for each in (0, 2))
    halved = [plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean((1, 3)) for plane in (blue, red)]
    to_bgr = np.array([[1, 2, 0, -256], [1, -2, -2, 512], [1, 0, 2, -256]], np.float32)
    return Planes(luma.astype(np.uint8), halved[0].astype(np.uint8), halved[1].astype(np.uint8), to_bgr, 127.0)


@pytest.mark.parametrize(
    "square",
    [(100, 80, 148, 128), (100.5, 80.25, 130.5, 110.25), (50, 60, 350, 360), (-30, 20, 70, 120), (520, 330, 700, 510)],
)
def test_windows_of_planes_are_those_of_the_image(square: tuple[float, ...]) -> None:
    image = ramp()
    of_image, of_planes = (window(each, square, SIDE).astype(int) for each in (image, planes_of(image)))
    assert of_planes.shape == (SIDE, SIDE, 3)
    assert np.abs(of_image - of_planes).mean() < 3
    assert np.abs(of_image - of_planes)[2:-2, 2:-2].max() <= (8 if min(square) >= 0 and square[2] <= 600 else 200)


def test_outside_of_planes_is_grey() -> None:
    image = np.full((100, 100, 3), 200, np.uint8)
    for square in ((500, 500, 900, 900), (-900, -900, -500, -500), (-20, -20, -1, -1)):
        seen = window(planes_of(image), square, SIDE).astype(int)
        assert np.abs(seen - GREY).max() <= 2


def test_of_a_sliver_at_the_edge_something_is_seen() -> None:
    """Less than one step of the picture is left."""
    white = np.full((300, 300, 3), 255, np.uint8)
    for view in (white, planes_of(white)):
        seen = window(view, (298, -100, 698, 300), SIDE)
        assert seen.shape == (SIDE, SIDE, 3)
        assert (seen[:, 4:] == GREY).mean() > 0.9
