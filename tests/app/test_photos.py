"""Two pictures: what is reported of faces too poor to compare."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.app import build, config, photos
from recognizer.app.config import Settings
from recognizer.app.results import Verification
from recognizer.capture.pictures import read_picture
from recognizer.models.resolve import ResolvedModel
from recognizer.types import U8
from tests.conftest import ROOT

MEDIA = ROOT / "recognizer/demo/media"


@pytest.fixture(scope="module")
def settings() -> Settings:
    return config.load(None, {"embed": {"model": "edgeface_xxs_own"}})


@pytest.fixture(scope="module")
def model(settings: Settings) -> ResolvedModel:
    return build.model(settings)


def verified(settings: Settings, model: ResolvedModel, *pictures: U8) -> Verification:
    detector, embedder = build.photo_detector(settings), build.embedder(settings, model)
    first, second = (
        photos.prominent_face(picture, "picture", detector=detector, embedder=embedder, min_face_px=40)
        for picture in pictures
    )
    return photos.compare(first, second, settings=settings, resolved=model)


def picture(name: str) -> U8:
    return read_picture(MEDIA / f"{name}.jpg")


def test_good_pictures_are_compared_without_a_note(settings: Settings, model: ResolvedModel) -> None:
    found = verified(settings, model, picture("barack_obama_2009"), picture("barack_obama_2012"))
    assert (found.match, found.usable, found.notes) == (True, True, ())


def test_a_blurred_face_cannot_tell(settings: Settings, model: ResolvedModel) -> None:
    sharp = picture("barack_obama_2009")
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 12), np.uint8)
    found = verified(settings, model, sharp, blurred)
    assert (found.match, found.usable) == (None, False)
    assert any("second picture: blurred" in note for note in found.notes)
    assert found.why_not.startswith("cannot tell: second picture: blurred: sharpness ")
    assert found.why_not.endswith(", wanted 35")


def test_a_picture_on_its_head_is_turned_and_its_person_named(
    settings: Settings, model: ResolvedModel, tmp_path: Path
) -> None:
    upright = picture("barack_obama_2010")
    found = verified(settings, model, upright, np.ascontiguousarray(np.rot90(upright, 2)))
    assert found.match
    assert any("turned by 180 degrees" in note for note in found.notes)
