"""Covered faces are noticed by landmarks that vary, refused by enrolment, and verify cannot tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer.app import build, config, photos
from recognizer.app.build import photo_detector
from recognizer.app.enrolment import make_enroller
from recognizer.capture.pictures import PICTURE_SUFFIXES, read_picture
from recognizer.evaluation.turning import turn_head
from recognizer.gallery.audit import audit
from recognizer.gallery.enrol import Enroller, measure
from recognizer.gallery.landmark_spread import cover_notes, landmark_passes, landmark_spread
from recognizer.gallery.limits import Limits
from recognizer.gallery.records import Finding, MeasuredFace, Measurement
from recognizer.gallery.review import Candidate, review
from recognizer.geometry import ARCFACE_TEMPLATE
from recognizer.types import EMBEDDING_SIZE, U8, FaceQuality
from tests.conftest import ROOT

MEDIA = ROOT / "recognizer/demo/media"
SETTINGS = config.load(None, {"embed": {"model": "edgeface_xxs_own"}})


@pytest.fixture(scope="module")
def enroller() -> Enroller:
    return make_enroller(SETTINGS, build.model(SETTINGS))


def covered(enroller: Enroller, image: U8) -> U8:
    """A portrait with a mask up to below the eyes, or to the nose."""
    face = enroller.detector.detect([image])[0][:1]
    left, _, right, bottom = face.boxes[0].round().astype(int).tolist()
    eyes, nose = face.landmarks[0, :2, 1].mean(), face.landmarks[0, 2, 1]
    top = round(float(0.6 * eyes + 0.4 * nose))
    masked = image.copy()
    cv2.rectangle(masked, (left, top), (right, bottom + 10), (210, 190, 160), -1)
    return masked


def findings(enroller: Enroller, image: U8) -> set[Finding]:
    return {note.finding for note in measure(image, detector=enroller.detector, embedder=enroller.embedder).notes}


COVERS = {Finding.COVERED, Finding.PARTLY_COVERED}


@pytest.mark.parametrize("name", ["grace_hopper", "eileen_collins", "barack_obama_2010"])
def test_a_covered_face_is_noticed_and_an_uncovered_one_is_not(enroller: Enroller, name: str) -> None:
    image = read_picture(MEDIA / f"{name}.jpg")
    assert not findings(enroller, image) & COVERS
    assert findings(enroller, covered(enroller, image)) & COVERS


def test_a_turned_head_varies_little_for_its_turned_eyes(enroller: Enroller) -> None:
    """In distances between the eyes as they are seen, it would be 1.7 times as much at 55 degrees."""
    detector = photo_detector(SETTINGS)
    image = read_picture(MEDIA / "barack_obama_2010.jpg")
    turned = turn_head(image, detector.detect([image])[0].landmarks[0], 45).image
    found = detector.detect([turned])[0][:1]
    assert landmark_spread(landmark_passes(turned, found, detector)) < 0.07


def test_the_spread_is_in_distances_between_the_eyes_whatever_the_size() -> None:
    face = np.repeat(ARCFACE_TEMPLATE[None], 2, axis=0)
    face[1, :, 1] += 4  # each point is 2 px from its mean
    eyes = ARCFACE_TEMPLATE[1, 0] - ARCFACE_TEMPLATE[0, 0]
    assert landmark_spread(face) == pytest.approx(2 / eyes, rel=1e-3)
    assert landmark_spread(3 * face) == pytest.approx(landmark_spread(face), rel=1e-3)
    assert landmark_spread(face[:1]) == 0


@pytest.mark.parametrize(
    ("spread", "finding"),
    [(0.02, None), (0.05, None), (0.06, Finding.PARTLY_COVERED), (0.081, Finding.COVERED), (0.2, Finding.COVERED)],
)
def test_notes_say_how_much_and_what_to_do(spread: float, finding: Finding | None) -> None:
    notes = cover_notes(spread)
    assert [note.finding for note in notes] == ([finding] if finding else [])
    assert all(f"{100 * spread:.1f} %" in note.text and "without a mask" in note.text for note in notes)


def candidate(file: str, spread: float) -> Candidate:
    vector = np.zeros(EMBEDDING_SIZE, np.float32)
    vector[[0, 1 + int(file)]] = 0.9, 0.43
    vector /= np.linalg.norm(vector)
    face = MeasuredFace((0, 0, 1, 1), FaceQuality.of(60, 150, 5, 0, 0.999), vector, b"")
    return Candidate("Ada", file, file.encode(), Measurement(cover_notes(spread), face))


def test_a_partly_covered_photo_counts_only_without_a_better_one_and_a_covered_one_never() -> None:
    limits = Limits()
    alone, with_better = (
        review([candidate("1", 0.06)], limits),
        review([candidate("1", 0.06), candidate("2", 0)], limits),
    )
    assert [one.accepted for one in alone] == [True]
    assert "taken for want of a better one" in alone[0].notes[0].text
    assert [one.accepted for one in with_better] == [False, True]
    assert [note.finding for note in with_better[0].notes] == [Finding.PARTLY_COVERED]
    refused = review([candidate("1", 0.1)], limits)
    assert [(one.accepted, [note.finding for note in one.notes]) for one in refused] == [(False, [Finding.COVERED])]


def test_verify_cannot_tell_of_a_covered_face(enroller: Enroller) -> None:
    model = build.model(SETTINGS)
    image = read_picture(MEDIA / "grace_hopper.jpg")
    first, second = (
        photos.prominent_face(one, "picture", detector=enroller.detector, embedder=enroller.embedder, min_face_px=40)
        for one in (image, covered(enroller, image))
    )
    answer = photos.compare(first, second, settings=SETTINGS, resolved=model)
    assert (answer.match, answer.usable) == (None, False)
    assert answer.why_not.startswith("cannot tell: second picture: perhaps covered: ")


def test_the_audit_names_who_has_covered_photos_only(enroller: Enroller, tmp_path: Path) -> None:
    for name in ("Grace", "Eileen"):
        (tmp_path / name).mkdir()
    shutil.copyfile(MEDIA / "eileen_collins.jpg", tmp_path / "Eileen" / "1.jpg")
    cv2.imwrite(str(tmp_path / "Grace" / "1.png"), covered(enroller, read_picture(MEDIA / "grace_hopper.jpg")))
    enroller.enrol(tmp_path)
    found = audit(tmp_path, suffixes=PICTURE_SUFFIXES, limits=enroller.limits, confusable=0.9)
    assert found.unusable_people == ("Grace",)
