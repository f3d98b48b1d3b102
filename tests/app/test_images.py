"""Photos get a name by what they hold; faces of a picture that was read smaller lie in the pixels of the whole one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognizer.app.images import as_photo
from recognizer.app.photos import find_faces
from recognizer.capture.pictures import PICTURE_SUFFIXES
from recognizer.types.spec import CropSpec
from tests.fakes import PaintedFaceDetector, face_picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "AVIF"])
def test_the_content_of_a_photo_gives_it_an_ending(kind: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 199)).save(file, kind)
    photo = as_photo(file.getvalue())
    assert Path(photo.name).suffix == f".{kind.lower()}"
    assert Path(photo.name).suffix in PICTURE_SUFFIXES
    assert photo.data == file.getvalue()


def test_faces_of_a_picture_that_was_read_smaller() -> None:
    image, detector, cut = face_picture((2, 1)), PaintedFaceDetector(), CropSpec()
    whole, crops = find_faces(image, detector=detector, cut=cut)
    found, same = find_faces(image, 4, detector=detector, cut=cut)
    np.testing.assert_array_equal(found.boxes, whole.boxes * 4)
    np.testing.assert_array_equal(found.landmarks, whole.landmarks * 4)
    np.testing.assert_array_equal(same.crops, crops.crops)
