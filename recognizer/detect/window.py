"""Small views of parts of a picture, fast: for a few candidates in a video, where exact area means take longer."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from recognizer.frame import Cuttable, Planes
from recognizer.types import F32, I64, U8

COARSEST = 1.5
"""Pixels of the picture for one of the window, at most; of larger parts every n-th pixel is taken."""
GREY = 127
"""What is seen outside the picture, in all three colours."""


class WindowSampler:
    """Cuts windows from one picture, (H, W, 3) uint8 BGR or planes.

    R-Net and O-Net on such windows find of 508 faces in three held-out videos one less than on exact area means
    (``AreaSampler``); a glance with eighty candidates takes three quarters of the time.
    """

    def __init__(self, image: Cuttable) -> None:
        self.height, self.width = int(image.shape[0]), int(image.shape[1])
        self._image = image

    def crops(self, corners: I64, size: int) -> F32:
        """See ``AreaSampler``."""
        windows = [window(self._image, part, size) for part in corners.tolist()]
        return np.stack(windows).astype(np.float32) if windows else np.zeros((0, size, size, 3), np.float32)


def window(image: Cuttable, part: Sequence[float], side_px: int) -> U8:
    """What a picture shows in a part, brought to a square: (side_px, side_px, 3) BGR, grey where the picture ends.

    Of planes three windows are cut and then brought into their colours: 25 us more for a window, and 0.7 to 1 ms less
    for a 1080p picture of which nothing else is wanted.

    Args:
        image: (H, W, 3) uint8 BGR, or planes.
        part: x1, y1, x2, y2 px; not rounded, so that the window moves as smoothly as the face.
        side_px: of the window.
    """
    if not isinstance(image, Planes):
        return _square(image, part, side_px, (GREY, GREY, GREY))
    luma = _square(image.luma, part, side_px, (image.grey,))
    blue, red = _colours((image.blue, image.red), [edge / 2 for edge in part], side_px)
    return np.asarray(cv2.transform(cv2.merge((luma, blue, red)), image.to_bgr), np.uint8)


def _colours(planes: tuple[U8, U8], part: Sequence[float], side_px: int) -> list[U8]:
    """Windows of the colour differences; inside the picture whole pixels of them do."""
    left, top, right, bottom = (round(edge) for edge in part)
    height, width = planes[0].shape
    if left < 0 or top < 0 or right > width or bottom > height or right <= left or bottom <= top:
        return [_square(plane, part, side_px, (128,)) for plane in planes]
    size = (side_px, side_px)
    parts = [plane[top:bottom, left:right] for plane in planes]
    return [np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_LINEAR), np.uint8) for each in parts]


def _square(image: U8, part: Sequence[float], side_px: int, outside: tuple[float, ...]) -> U8:
    left, top, right, bottom = part
    step = max(1, int((right - left) / (COARSEST * side_px)))
    if step > 1:  # OpenCV's linear interpolation sees four pixels: give it a picture about as coarse as the window
        x1, y1 = max(int(left), 0), max(int(top), 0)
        image = image[y1 : max(int(bottom) + 2 * step, 0), x1 : max(int(right) + 2 * step, 0)]
        if image.size:
            rows, columns = (max(1, side // step) for side in image.shape[:2])
            whole = image[: rows * step, : columns * step]  # so that the nearest pixel is every n-th
            image = np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_NEAREST), np.uint8)
        left, right, top, bottom = (left - x1) / step, (right - x1) / step, (top - y1) / step, (bottom - y1) / step
    if image.size == 0:
        return np.full((side_px, side_px, *image.shape[2:]), outside if image.ndim == 3 else outside[0], np.uint8)
    across, down = max(right - left, 1e-3) / side_px, max(bottom - top, 1e-3) / side_px
    edge = 0.5 / step  # from a pixel's edge to its middle
    matrix = np.array([[across, 0, left + across / 2 - edge], [0, down, top + down / 2 - edge]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (side_px, side_px), flags=flags, borderValue=outside), np.uint8)
