"""A picture is brought into its colours once, and only when somebody asks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recognizer.types import U8
from recognizer.types.frame import Frame, Planes


class Sleeping:
    """A decoded picture that counts how often its colours are asked for."""

    size = (8, 4)

    def __init__(self, luma: U8 | None) -> None:
        self.luma = luma
        self.planes = None if luma is None else Planes(luma, luma[::2, ::2], luma[::2, ::2], np.eye(3, 4, dtype="f"), 0)
        self.asked = 0

    def bgr(self) -> U8:
        self.asked += 1
        return np.full((4, 8, 3), 7, np.uint8)


def test_size_and_brightness_cost_nothing_and_colours_are_asked_for_once() -> None:
    picture = Sleeping(np.zeros((4, 8), np.uint8))
    frame = Frame(picture, 0, 0.0, "clip")
    assert (frame.width, frame.height) == (8, 4)
    assert frame.view is picture.luma
    assert frame.cuttable is picture.planes
    assert picture.planes is not None
    assert picture.planes.shape == (4, 8)
    assert picture.asked == 0
    assert frame.image is frame.image
    assert picture.asked == 1
    assert (frame.width, frame.height) == (8, 4)
    assert not frame.image.flags.writeable
    assert frame.view is frame.image
    assert isinstance(frame.cuttable, np.ndarray)  # better than the planes, once it is there
    assert replace(frame, index=3).image is frame.image


def test_without_brightness_the_image_is_seen() -> None:
    frame = Frame(Sleeping(None), 0, 0.0, "clip")
    assert frame.cuttable is frame.image
    assert frame.view is frame.image
