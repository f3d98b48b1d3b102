"""Bring pictures to the size of a video, and fill the planes that an encoder reads."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from recognizer.emit.overlay_planes import from_bgr, put_bgr
from recognizer.types import U8, FrameResult
from recognizer.types.frame import Planes

DrawPlanes = Callable[[Planes, FrameResult, U8], None]
_FROM_BGR = (6, 1)
"""What OpenCV's conversion to YUV gives: BT.601, 16 to 235 (``Planes.colours``)."""
_LONGEST_SIDE_PX = 4096
"""H.264 level 5.2, which browsers' decoders end at."""
_SMALLEST_SIDE_PX = 16


class EncodedPicture:
    """The newest labelled picture, as H.264 has it.

    Planes are drawn on as they are, which saves two conversions; other pictures are converted. The first picture
    decides size and colours; others are fitted into them.

    Args:
        first: the first picture.
        render: draws the (H, W, 3) uint8 BGR picture of a result.
        draw: draws a result on the planes of its picture: planes, result, and what to fill. Without it all pictures
            are converted.
    """

    def __init__(self, first: FrameResult, *, render: Callable[[FrameResult], U8], draw: DrawPlanes | None) -> None:
        self._render, self._draw = render, draw
        source = first.frame.crop_source if draw is not None else None
        self.colours = _FROM_BGR
        """Matrix coefficients and range, see ``Planes.colours``."""
        self._to_planes = None
        height, width = first.frame.height, first.frame.width
        self.width, self.height = even_size(width, height)
        if isinstance(source, Planes) and source.colours and source.shape == (self.height, self.width):
            self.colours = source.colours
            self._to_planes = from_bgr(source.to_bgr)
        self.planes = np.empty((self.height * 3 // 2, self.width), np.uint8)
        """(3 H / 2, W): brightness, then blue, then red difference."""

    def take(self, result: FrameResult) -> None:
        """Fill the planes."""
        if self._draw is not None and self._to_planes is not None:
            source = result.frame.crop_source
            if isinstance(source, Planes) and source.colours == self.colours and source.shape == self._shape:
                self._draw(source, result, self.planes)
                return
        fitted = fit(self._render(result), width=self.width, height=self.height)
        if self._to_planes is None:
            cv2.cvtColor(fitted, cv2.COLOR_BGR2YUV_I420, dst=self.planes)
        else:  # a picture of another size or kind among planes
            put_bgr(fitted, self._to_planes, self.planes, self.height)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.height, self.width


def fit(image: U8, *, width: int, height: int) -> U8:
    """Bring a picture to a size: one pixel more is filled with the border's, else scaled and put on black.

    Args:
        image: (H, W, 3) uint8.
        width: Wanted, px.
        height: Wanted, px.

    Returns:
        (height, width, 3) uint8; the picture itself where nothing is to do.
    """
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image
    if 0 <= height - rows <= 1 and 0 <= width - columns <= 1:
        padded = cv2.copyMakeBorder(image, 0, height - rows, 0, width - columns, cv2.BORDER_REPLICATE)
        return np.asarray(padded, np.uint8)
    scale = min(width / columns, height / rows)
    inner = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner[1]) // 2, (width - inner[0]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=method)
    return canvas


def even_size(width: int, height: int) -> tuple[int, int]:
    """The size of the video for a first picture of this size: even sides, not too long, not too short."""
    scale = min(1.0, _LONGEST_SIDE_PX / max(width, height))
    sides = (max(_SMALLEST_SIDE_PX, round(side * scale)) for side in (width, height))
    even_width, even_height = (side + side % 2 for side in sides)
    return even_width, even_height
