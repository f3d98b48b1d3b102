from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from recognizer.detect.picture import PictureDetector
from recognizer.types import U8, DetectionMode, FaceDetections
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
