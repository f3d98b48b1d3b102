"""Boxes and labels: seen by colour and by shape, inside the picture, off each other, on a copy."""

from __future__ import annotations

import numpy as np
import pytest

from recognizer.emit.overlay import Overlay, draw
from recognizer.types import U8, Identity, Status
from tests.results import Box, identity, make_result, make_tracks

GREEN, YELLOW, VERMILION = (115, 158, 0), (66, 228, 240), (0, 94, 213)
SIZES = [(320, 240), (640, 360), (1280, 720), (1920, 1080), (3840, 2160)]


def grey(width: int, height: int) -> U8:
    return np.full((height, width, 3), 90, np.uint8)


def has(image: U8, colour: tuple[int, int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray((image == np.array(colour, np.uint8)).all(axis=2))


def drawn(image: U8, boxes: list[Box], identities: list[Identity]) -> U8:
    return draw(image, make_tracks(boxes, [one.track_id for one in identities]), identities)


def test_the_picture_given_is_left_alone() -> None:
    image = grey(320, 240)
    image.flags.writeable = False
    out = drawn(image, [(50, 50, 100, 110)], [identity(1, "Anna")])
    assert (image == 90).all()
    assert (out != 90).any()
    assert out.flags.writeable


def test_nobody_there() -> None:
    image = grey(32, 24)
    out = drawn(image, [], [])
    assert np.array_equal(out, image)
    assert out is not image


@pytest.mark.parametrize(
    ("one", "colour", "share"),
    [
        (identity(1, "Anna"), GREEN, (0.97, 1.0)),
        (identity(1, status=Status.UNDECIDED), YELLOW, (0.4, 0.75)),
        (identity(1, status=Status.UNKNOWN), VERMILION, (0.4, 0.62)),
    ],
)
def test_status_shows_by_colour_and_by_shape(
    one: Identity, colour: tuple[int, int, int], share: tuple[float, float]
) -> None:
    out = drawn(grey(640, 360), [(200, 100, 300, 200)], [one])
    bottom, middle = has(out, colour)[200, 200:300], has(out, colour)[195:205, 250]
    assert share[0] <= bottom.mean() <= share[1]
    assert middle.any() == (one.status is not Status.UNKNOWN)
    assert has(out, colour).any()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.2, 0.3), (0.8, 0.7, 1.0, 1.0), (-0.2, -0.3, 1.3, 1.4), (0.4, 0.4, 0.5, 0.5)]
)
def test_labels_stay_inside_and_whole(size: tuple[int, int], box: Box) -> None:
    """As many letters are seen wherever the box is."""
    width, height = size
    one = [identity(1, "Anna")]
    boxes = [(box[0] * width, box[1] * height, box[2] * width, box[3] * height)]
    here = has(drawn(grey(width, height), boxes, one), (255, 255, 255)).sum()
    middle = [(0.4 * width, 0.4 * height, 0.6 * width, 0.6 * height)]
    assert here == has(drawn(grey(width, height), middle, one), (255, 255, 255)).sum() > 0


@pytest.mark.parametrize("part", [0.0, 0.3, 0.5, 0.7])
def test_a_label_stays_above_its_face_wherever_between_two_pixels_that_is(part: float) -> None:
    out = drawn(grey(640, 360), [(200 + part, 100 + part, 300 + part, 200 + part)], [identity(1, "Anna")])
    letters = np.flatnonzero(has(out, (255, 255, 255)).any(axis=1))
    assert letters.max() < 100


def test_labels_of_close_faces_do_not_cover_each_other() -> None:
    boxes = [(300.0 + 12 * i, 200.0, 380.0 + 12 * i, 300.0) for i in range(5)]
    people = [identity(i, "Anna Müller") for i in range(5)]
    letters = has(drawn(grey(1280, 720), boxes, people), (255, 255, 255)).sum()
    alone = sum(has(drawn(grey(1280, 720), [boxes[0]], [one]), (255, 255, 255)).sum() for one in people)
    assert letters == alone


def test_long_names_are_cut_not_the_figures() -> None:
    out = drawn(grey(320, 240), [(100, 100, 160, 170)], [identity(12, "Wolfeschlegelsteinhausenbergerdorff " * 2)])
    columns = np.flatnonzero(has(out, GREEN).any(axis=0))
    assert 280 < np.ptp(columns) < 320
    assert has(out, (255, 255, 255)).any()


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (12, 12), (40, 3), (3, 400), (64, 48)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    width, height = size
    out = drawn(grey(width, height), [(0, 0, width, height)], [identity(1, "Anna")])
    assert out.shape == (height, width, 3)


@pytest.mark.parametrize(
    "box",
    [
        (np.nan, 0, 10, 10),
        (-np.inf, -np.inf, np.inf, np.inf),
        (1e9, 1e9, 2e9, 2e9),
        (50, 50, 50, 50),
        (90, 90, 20, 20),
        (-500, -500, -400, -400),
    ],
)
def test_impossible_boxes(box: Box) -> None:
    out = drawn(grey(320, 240), [box, (50, 50, 100, 100)], [identity(1, "A"), identity(2, "B")])
    assert has(out, GREEN).any()


def test_identities_must_fit() -> None:
    with pytest.raises(ValueError, match="one identity for each of 1 tracks, got 0"):
        draw(grey(9, 9), make_tracks([(0, 0, 5, 5)]), [])


def test_same_input_same_picture() -> None:
    people = [identity(1, "张伟"), identity(2), identity(3, status=Status.UNDECIDED)]
    boxes: list[Box] = [(10, 10, 60, 70), (40, 20, 99, 99), (200, 100, 260, 180)]
    first = drawn(grey(640, 360), boxes, people)
    assert np.array_equal(first, drawn(grey(640, 360), boxes, people))


def test_overlay_draws_a_result_once() -> None:
    overlay, other = Overlay(), Overlay()
    result = make_result(identities=[identity(1, "Anna")])
    image = overlay(result)
    assert overlay(result) is image
    assert not image.flags.writeable
    assert other(result) is not image
    assert overlay(make_result(identities=[identity(1, "Anna")])) is not image
