"""One face below the limits of quality: the same answer from the Python API, identify, verify and predict."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from recognizer import FaceRecognizer
from recognizer.capture.pictures import read_picture
from recognizer.types import U8, Status
from tests.conftest import ROOT

MEDIA = ROOT / "recognizer/demo/media"
REASON = "blurred: sharpness "


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> FaceRecognizer:
    faces = FaceRecognizer(tmp_path_factory.mktemp("gallery"), model="edgeface_xxs_own")
    faces.enrol("Barack Obama", [MEDIA / "barack_obama_2009.jpg"])
    return faces


@pytest.fixture(scope="module")
def blurred() -> U8:
    return np.asarray(cv2.GaussianBlur(read_picture(MEDIA / "barack_obama_2009.jpg"), (0, 0), 12), np.uint8)


def test_detect_and_identify_say_that_a_blurred_face_cannot_tell(faces: FaceRecognizer, blurred: U8) -> None:
    [found] = faces.detect(blurred)
    assert not found.quality.usable
    assert found.quality.notes[0].startswith(REASON)
    [named] = faces.identify(blurred)
    assert (named.status, named.name, named.quality.usable) == (Status.UNDECIDED, None, False)
    assert named.reasons == (f"cannot tell: {found.quality.notes[0]}",)


def test_a_sharp_face_is_named(faces: FaceRecognizer) -> None:
    [named] = faces.identify(MEDIA / "barack_obama_2009.jpg")
    assert (named.name, named.quality.usable, named.quality.notes) == ("Barack Obama", True, ())


def test_verify_and_enrol_refuse_it_for_the_same_reason(faces: FaceRecognizer, blurred: U8) -> None:
    answer = faces.verify(MEDIA / "barack_obama_2009.jpg", blurred)
    assert (answer.match, answer.usable) == (None, False)
    assert answer.why_not.startswith(f"cannot tell: second picture: {REASON}")
    done = faces.enrol("Barack Obama", [blurred])
    assert done.accepted == ()
    assert REASON in done.refused[0][1]


def test_a_stream_of_a_blurred_picture_names_nobody(faces: FaceRecognizer, blurred: U8, tmp_path: Path) -> None:
    path = tmp_path / "blurred.png"
    cv2.imwrite(str(path), blurred)
    identities = [who for result in faces.stream(path) for who in result.identities]
    assert [(who.name, who.status) for who in identities] == [(None, Status.UNDECIDED)]
