"""The vector of a photo is the mean of several cuts; photos cut too tight are noticed, and the audit lists them."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.app.enrolment import make_enroller
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.gallery.audit import audit
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.photo_vector import JITTERS, PhotoVector, cut_notes, photo_vector
from recognizer.gallery.records import Finding
from recognizer.protocols import Embedder
from recognizer.types import U8, AlignedFaces, Embeddings
from tests.conftest import ROOT

MEDIA = ROOT / "recognizer/demo/media"
PORTRAIT = MEDIA / "grace_hopper.jpg"


@pytest.fixture(scope="module")
def enroller() -> Enroller:
    settings = config.load(None, {"embed": {"model": "edgeface_xxs_own"}})
    return make_enroller(settings, build.model(settings))


def cut_to_face(enroller: Enroller, widths: float) -> U8:
    """A portrait cut to a square around the face box."""
    image = read_picture(PORTRAIT)
    left, top, right, bottom = enroller.detector.detect([image])[0].boxes[0]
    x, y, half = (left + right) / 2, (top + bottom) / 2, (right - left) * widths / 2
    x1, y1, x2, y2 = (max(0, round(float(v))) for v in (x - half, y - half, x + half, y + half))
    return np.ascontiguousarray(image[y1:y2, x1:x2])


def embedded(enroller: Enroller, image: U8) -> PhotoVector:
    return photo_vector(image, enroller.detector.detect([image])[0][:1], enroller.embedder)


class Counting:
    """An embedder that counts faces."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.spec, self.model, self.faces = inner, inner.spec, inner.model, 0

    def embed(self, faces: AlignedFaces) -> Embeddings:
        self.faces += len(faces)
        return self.inner.embed(faces)


def test_it_is_the_mean_of_all_cuts_and_their_mirror_images(enroller: Enroller) -> None:
    image = read_picture(PORTRAIT)
    face = enroller.detector.detect([image])[0][:1]
    counting = Counting(enroller.embedder)
    found = photo_vector(image, face, counting)
    mirrored = photo_vector(
        np.ascontiguousarray(image[:, ::-1]),
        enroller.detector.detect([np.ascontiguousarray(image[:, ::-1])])[0][:1],
        counting,
    )
    assert counting.faces == 4 * len(JITTERS)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
    assert float(found.vector @ mirrored.vector) > 0.97
    assert 0.9 < found.agreement < 1


@pytest.mark.parametrize(("widths", "tight"), [(0.9, True), (1.0, True), (2.5, False)])
def test_a_photo_cut_to_the_face_is_noticed(enroller: Enroller, widths: float, tight: bool) -> None:
    found = embedded(enroller, cut_to_face(enroller, widths))
    notes = cut_notes(found.outside, 1.0)
    assert [note.finding for note in notes] == ([Finding.CUT_TOO_TIGHT] if tight else [])


def test_a_vector_that_depends_on_the_cut_is_noticed() -> None:
    (note,) = cut_notes(0.0, 0.9)
    assert note.finding is Finding.UNSTEADY
    assert "agreement 0.90, wanted 0.95" in note.text


def test_the_audit_lists_photos_cut_too_tight_and_who_has_one_photo(enroller: Enroller, tmp_path: Path) -> None:
    for name, photos in {
        "Eileen": [MEDIA / "eileen_collins.jpg"],
        "Barack": sorted(MEDIA.glob("barack_obama_20*.jpg"))[:2],
    }.items():
        (tmp_path / name).mkdir()
        for photo in photos:
            shutil.copyfile(photo, tmp_path / name / photo.name)
    (tmp_path / "Tight").mkdir()
    cv2.imwrite(str(tmp_path / "Tight" / "1.png"), cut_to_face(enroller, 1.0))
    enroller.enrol(tmp_path)
    found = audit(tmp_path, suffixes=PICTURE_SUFFIXES, limits=enroller.limits, confusable=0.9)
    assert [(photo.person, photo.file, photo.finding) for photo in found.poor_photos] == [
        ("Tight", "1.png", "cut_too_tight")
    ]
    assert "6 to 19 do not match" in found.poor_photos[0].text
    assert found.single_photo == ("Eileen", "Tight")
