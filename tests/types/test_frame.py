"""A frame's views are fixed, whoever uses which of them first, and BGR is converted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recognizer.types import U8, Frame, Planes


class DecodedPicture:
    """A decoded picture that counts its conversions."""

    size = (8, 4)

    def __init__(self, luma: U8 | None) -> None:
        self.luma = luma
        self.planes = None if luma is None else Planes(luma, luma[::2, ::2], luma[::2, ::2], np.eye(3, 4, dtype="f"), 0)
        self.image = np.full((4, 8, 3), 7, np.uint8)
        self.conversions = 0

    def bgr(self) -> U8:
        self.conversions += 1
        return self.image


def test_size_brightness_and_planes_need_no_conversion() -> None:
    picture = DecodedPicture(np.zeros((4, 8), np.uint8))
    frame = Frame(picture, 0, 0.0, "clip")
    assert (frame.width, frame.height) == (8, 4)
    assert frame.preview is picture.luma
    assert frame.crop_source is picture.planes
    assert picture.planes is not None
    assert picture.planes.shape == (4, 8)
    assert picture.conversions == 0


def test_the_views_are_the_same_before_and_after_the_image_was_used() -> None:
    picture = DecodedPicture(np.zeros((4, 8), np.uint8))
    frame = Frame(picture, 0, 0.0, "clip")
    before = (frame.preview, frame.crop_source)
    assert frame.image is picture.image
    assert (frame.preview, frame.crop_source) == before
    assert (frame.width, frame.height) == (8, 4)
    assert replace(frame, index=3).image is frame.image


def test_without_brightness_every_view_is_the_image() -> None:
    frame = Frame(DecodedPicture(None), 0, 0.0, "clip")
    assert frame.crop_source is frame.image
    assert frame.preview is frame.image


def test_a_picture_in_memory_becomes_read_only() -> None:
    frame = Frame(np.zeros((4, 8, 3), np.uint8), 0, 0.0, "clip")
    assert not frame.image.flags.writeable
    assert (frame.width, frame.height) == (8, 4)
