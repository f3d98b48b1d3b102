"""Photos that lie on their side or stand on their head are turned before anything is believed about them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.capture.pictures import read_picture
from recognizer.gallery.enrol import measure
from recognizer.gallery.records import Finding
from recognizer.gallery.upright import boxes_before, turn_upright
from recognizer.types import U8
from tests.conftest import ROOT

PORTRAIT = ROOT / "recognizer/demo/media/barack_obama_2012.jpg"


def portrait() -> U8:
    return read_picture(PORTRAIT)


@pytest.mark.parametrize("turned_deg", [0, 90, 180, 270])
def test_a_photo_is_turned_back_and_its_faces_are_placed_in_the_photo_as_it_was(turned_deg: int) -> None:
    detector, upright = build.photo_detector(config.load()), portrait()
    shown = np.ascontiguousarray(np.rot90(upright, turned_deg // 90))  # anticlockwise: to be turned back clockwise
    found = turn_upright(shown, detector)
    assert found.turned_deg == turned_deg
    np.testing.assert_array_equal(found.image, upright)
    before = boxes_before(found, shown.shape[1], shown.shape[0])
    x, y = (int(value) for value in before.landmarks[0, 2])
    nose_x, nose_y = (int(value) for value in found.faces.landmarks[0, 2])
    np.testing.assert_allclose(shown[y, x].astype(int), upright[nose_y, nose_x].astype(int), atol=25)
    left, top, right, bottom = before.boxes[0]
    assert left < x < right
    assert top < y < bottom


def test_enrolment_says_that_a_photo_was_turned_and_uses_the_upright_face() -> None:
    settings = config.load(None, {"embed": {"model": "edgeface_xxs_own"}})
    detector, embedder = build.photo_detector(settings), build.embedder(settings, build.model(settings))
    lying = np.ascontiguousarray(np.rot90(portrait(), 2))
    measured = measure(lying, detector=detector, embedder=embedder)
    upright = measure(portrait(), detector=detector, embedder=embedder)
    assert [note.finding for note in measured.notes] == [Finding.TURNED]
    assert measured.face is not None
    assert upright.face is not None
    assert measured.face.thumbnail == upright.face.thumbnail


@pytest.mark.long
@pytest.mark.weights
def test_lfw_photos_are_turned_the_right_way(shared_data: Path) -> None:
    detector = build.photo_detector(config.load())
    files = sorted((shared_data / "data/lfw/images").glob("*/*_0001.jpg"))[::300]
    for number, file in enumerate(files):
        quarters = number % 4
        shown = np.ascontiguousarray(np.rot90(read_picture(file), quarters))
        assert turn_upright(shown, detector).turned_deg == 90 * quarters, file.name
