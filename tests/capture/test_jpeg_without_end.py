"""A JPEG that is cut off is read where little is missing, and refused where a face may be gone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from recognizer.capture.pictures import decode_picture
from recognizer.errors import ImageError


def photo(**options: Any) -> bytes:
    """A JPEG of noise, whose rows are all of more than one colour."""
    file = io.BytesIO()
    Image.effect_noise((160, 320), 60).convert("RGB").save(file, format="JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [1.0, 0.99, 0.95])
def test_a_jpeg_without_its_end_is_read_with_a_note(kept: float, progressive: bool, logged_warnings: list[str]) -> None:
    whole = photo(progressive=progressive)
    data = whole[: int(kept * len(whole)) - 2]
    image = decode_picture(data, name="that.jpg")
    assert image.shape == (320, 160, 3)
    if not progressive:
        assert np.array_equal(image[:280], decode_picture(whole, name="x")[:280])
    assert len(logged_warnings) == 1
    assert logged_warnings[0].startswith("that.jpg: the JPEG has no end")


@pytest.mark.parametrize(("progressive", "kept"), [(False, 0.85), (False, 0.5), (True, 0.2)])
def test_a_jpeg_of_which_much_is_missing_is_refused(progressive: bool, kept: float) -> None:
    whole = photo(progressive=progressive)
    with pytest.raises(ImageError, match="damaged or cut off"):
        decode_picture(whole[: int(kept * len(whole))], name="x")
