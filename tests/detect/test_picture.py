from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from recognizer.app import build, config
from recognizer.capture.pictures import read_picture
from recognizer.detect.picture import MAX_FACES, PictureDetector
from recognizer.errors import TooManyFacesError
from recognizer.gallery.upright import turn_upright
from recognizer.types import U8, DetectionMode, FaceDetections
from tests.conftest import ROOT
from tests.fakes import PaintedFaceDetector, face_picture


@pytest.mark.parametrize(("width", "height"), [(3200, 2400), (400, 300), (1601, 90)])
def test_faces_come_back_in_the_photos_own_pixels(width: int, height: int) -> None:
    image = np.full((height, width, 3), 90, np.uint8)
    image[10:80, 30:100] = (20, 200, 20)
    faces = PictureDetector(PaintedFaceDetector()).detect([image])[0]
    assert np.abs(faces.boxes - [[30, 10, 100, 80]]).max() <= 4


class _BlindAtTheEdge(PaintedFaceDetector):
    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        return [
            found[(found.boxes[:, 0] > 0) & (found.boxes[:, 2] < image.shape[1])]
            for image, found in zip(images, super().detect(images), strict=True)
        ]


def test_a_face_that_fills_the_photo_is_found_with_a_border() -> None:
    image = face_picture((1, 1))[20:140, 20:140]
    assert len(_BlindAtTheEdge().detect([image])[0]) == 0
    assert PictureDetector(_BlindAtTheEdge()).detect([image])[0].boxes.tolist() == [[0, 0, 120, 120]]


class _Recording(PaintedFaceDetector):
    """Finds nothing and keeps the size of each picture it searched."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[tuple[int, ...]] = []

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        self.searched += [image.shape[:2] for image in images]
        return [FaceDetections.empty() for _ in images]


def test_no_search_of_a_photo_without_a_face_goes_over_all_pixels_of_a_large_one() -> None:
    recording = _Recording()
    turn_upright(np.zeros((3000, 6000, 3), np.uint8), PictureDetector(recording))
    assert recording.searched[:3] == [(800, 1600), (800, 1200), (1414, 2828)]
    assert max(height * width for height, width in recording.searched) <= 4_000_000
    assert max(max(size) for size in recording.searched[3:]) <= 1600


def test_a_turned_large_photo_comes_back_whole() -> None:
    image = np.full((2400, 3200, 3), 90, np.uint8)
    image[2000:2300, 100:400] = (20, 200, 20)
    found = turn_upright(image, _SureWhenTheFaceIsAbove())
    assert found.turned_deg == 180
    assert found.image.shape == image.shape
    assert np.abs(found.faces.boxes - [[2800, 100, 3100, 400]]).max() <= 4


class _SureWhenTheFaceIsAbove(PaintedFaceDetector):
    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        found = super().detect(images)
        for image, faces in zip(images, found, strict=True):
            faces.scores[:] = np.where(faces.boxes[:, 1] < image.shape[0] / 2, 0.99, 0.5)
        return found


class _Crowd(PaintedFaceDetector):
    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        return [faces[np.zeros(self._count, np.int64)] for faces in super().detect(images)]


def test_a_photo_with_more_faces_than_are_searched_is_refused() -> None:
    assert len(PictureDetector(_Crowd(MAX_FACES)).detect([face_picture((1, 1))])[0]) == MAX_FACES
    with pytest.raises(TooManyFacesError, match="it shows 151 faces, at most 150 are searched; cut it into parts"):
        PictureDetector(_Crowd(MAX_FACES + 1)).detect([face_picture((1, 1))])


def test_a_wall_of_portraits_is_refused_before_the_faces_are_verified() -> None:
    portrait = read_picture(ROOT / "recognizer/demo/media/barack_obama_2012.jpg")
    tile = np.asarray(cv2.resize(portrait, (50, 50), interpolation=cv2.INTER_AREA), np.uint8)
    with pytest.raises(TooManyFacesError, match="too much that resembles faces; cut it into parts"):
        build.photo_detector(config.load()).detect([np.tile(tile, (32, 32, 1))])
