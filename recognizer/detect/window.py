"""Cut small windows of a picture fast: for the few candidates of a video frame, where exact area means cost more."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from recognizer.detect.area import GREY as GREY
from recognizer.types import F32, I64, U8
from recognizer.types.frame import CropSource, Planes

COARSEST = 1.5
"""Pixels of the picture for one of the window, at most; of larger parts every n-th pixel is taken."""


class WindowSampler:
    """Cuts windows from one picture, (H, W, 3) uint8 BGR or planes.

    R-Net and O-Net find as many faces in such windows as in exact area means (``AreaSampler``): full detections 578 and
    577 of the 581 confident faces of exact MTCNN in 180 frames of five clips, in 13.4 and 15.6 ms.
    """

    def __init__(self, image: CropSource) -> None:
        self.height, self.width = int(image.shape[0]), int(image.shape[1])
        self._image = image

    def crops(self, corners: I64, size: int) -> F32:
        """See ``AreaSampler``."""
        return windows(self._image, corners.tolist(), size)


def windows(image: CropSource, parts: Sequence[Sequence[float]], side_px: int) -> F32:
    """``window`` of N parts: (N, side_px, side_px, 3), ready for a net."""
    seen = np.empty((len(parts), side_px, side_px, 3), np.float32)
    for row, part in enumerate(parts):
        seen[row] = window(image, part, side_px)
    return seen


def window(image: CropSource, part: Sequence[float], side_px: int) -> U8:
    """Cut a part of a picture and scale it to a square: (side_px, side_px, 3) BGR, grey beyond the picture.

    From planes three windows are cut and converted to BGR: 25 us more for a window, and 0.7 to 1 ms less for a 1080p
    picture of which nothing else is needed.

    Args:
        image: (H, W, 3) uint8 BGR, or planes.
        part: x1, y1, x2, y2 px; whole pixels are taken.
        side_px: of the window.
    """
    if not isinstance(image, Planes):
        return _square(image, part, side_px, (GREY, GREY, GREY))
    luma = _square(image.luma, part, side_px, (image.grey,))
    halves = [edge / 2 for edge in part]
    blue, red = (_square(plane, halves, side_px, (128,)) for plane in (image.blue, image.red))
    return np.asarray(cv2.transform(cv2.merge((luma, blue, red)), image.to_bgr), np.uint8)


def _square(plane: U8, part: Sequence[float], side_px: int, outside: tuple[float, ...]) -> U8:
    left, top, right, bottom = (round(edge) for edge in part)
    height, width = plane.shape[:2]
    seen = plane[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if seen.size == 0:
        return np.full((side_px, side_px, *plane.shape[2:]), outside if plane.ndim == 3 else outside[0], np.uint8)
    step = max(1, int((right - left) / (COARSEST * side_px)))
    if step > 1:  # OpenCV's linear interpolation sees four pixels: give it a picture about as coarse as the window
        rows, columns = (max(1, round(side / step)) for side in seen.shape[:2])
        seen = np.asarray(cv2.resize(seen, (columns, rows), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8)
    if left < 0 or top < 0 or right > width or bottom > height:
        above, below, before, behind = (round(max(0, d) / step) for d in (-top, bottom - height, -left, right - width))
        bordered = cv2.copyMakeBorder(seen, above, below, before, behind, cv2.BORDER_CONSTANT, value=outside)
        seen = np.asarray(bordered, np.uint8)
    return np.asarray(cv2.resize(seen, (side_px, side_px), interpolation=cv2.INTER_LINEAR), np.uint8)
