"""The shape in which a decoded picture is shown: its display matrix and its pixels' aspect ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import SideDataContainer, Type

from recognizer.types import U8

_ENTRIES = np.dtype("=i4")
"""Of the display matrix: nine in FFmpeg's byte order; those used here are 16.16 fixed point (libavutil/display.h)."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How stored rows and columns become shown ones: transposed first, then mirrored."""

    transpose: bool = False
    """Rows become columns."""
    mirror_x: bool = False
    """Left and right change places."""
    mirror_y: bool = False
    """Top and bottom change places."""

    def apply(self, image: U8) -> U8:
        """Turn a stored (H, W, 3) picture into the shown one; a view."""
        if self.transpose:
            image = image.transpose(1, 0, 2)
        return image[:: -1 if self.mirror_y else 1, :: -1 if self.mirror_x else 1]


UPRIGHT = Orientation()


def orientation_of(picture: av.VideoFrame) -> Orientation:
    """Read the display matrix; angles between the right ones become the nearest, a missing matrix is upright.

    The matrix maps stored (x, y) to shown (a x + c y, b x + d y).
    """
    # not picture.side_data: picture and container then hold each other, and the pixels live until Python's collector
    # runs, which is seldom: 5 MB a picture of a camera
    of_picture: Mapping[Type, Buffer] = SideDataContainer(picture)  # type: ignore[call-arg]  # not in its stub
    data = of_picture.get(Type.DISPLAYMATRIX)
    if data is None:
        return UPRIGHT
    a, b, _, c, d = (int(each) for each in np.frombuffer(bytes(data), _ENTRIES)[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(mirror_x=a < 0, mirror_y=d < 0)
    return Orientation(transpose=True, mirror_x=c < 0, mirror_y=b < 0)


def square_size(width: int, height: int, aspect: Fraction | None, *, max_pixels: int) -> tuple[int, int]:
    """Return the size in which pixels are square.

    The side whose pixels are larger grows, so that nothing is lost; beyond ``max_pixels`` the other one shrinks.

    Args:
        width: stored, px.
        height: stored, px.
        aspect: width of a pixel divided by its height; ``None`` or 0: not known, square.
        max_pixels: width times height at most.
    """
    if not aspect or aspect <= 0 or aspect == 1:
        return width, height
    if aspect > 1:
        larger = (round(width * aspect), height)
        smaller = (width, max(1, round(height / aspect)))
    else:
        larger = (width, round(height / aspect))
        smaller = (max(1, round(width * aspect)), height)
    return larger if larger[0] * larger[1] <= max_pixels else smaller
