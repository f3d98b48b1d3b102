"""Resize by exact area means, as torch's ``interpolate(mode="area")`` does, from one table of sums.

MTCNN's nets were trained on such pictures, and its borderline faces come and go with the resampling: OpenCV's
``INTER_AREA`` weighs edge pixels by their share and loses 7 of 178 confident faces. Here output pixel i is the plain
mean of input pixels floor(i * in / out) up to ceil((i + 1) * in / out), whatever the sizes, up or down. With a
summed-area table (Crow, SIGGRAPH 1984) each costs four look-ups, for the whole pyramid and for every candidate crop.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.types import F32, I64, U8

GREY = 127
"""What is seen outside the picture, in all three channels."""


def _bins(length: I64, count: int) -> tuple[I64, I64]:
    """First and past-the-last input index of each of ``count`` output pixels: two (..., count) arrays."""
    steps = np.arange(count)
    start = steps * length[..., None] // count
    stop = -(-(steps + 1) * length[..., None] // count)
    return start, stop


class AreaSampler:
    """Area means of one (H, W, 3) uint8 picture."""

    def __init__(self, image: U8) -> None:
        self.height, self.width = int(image.shape[0]), int(image.shape[1])
        # int32 sums wrap around on pictures over 8 megapixels; differences of near corners come out right all the same
        self._sums: NDArray[np.int32] = cv2.integral(image)  # type: ignore[assignment]

    def resize(self, height: int, width: int) -> F32:
        """The whole picture at another size, (height, width, 3) float32."""
        top, bottom = _bins(np.int64(self.height), height)  # type: ignore[arg-type]
        left, right = _bins(np.int64(self.width), width)  # type: ignore[arg-type]
        bands = np.take(self._sums, bottom, axis=0)
        bands -= np.take(self._sums, top, axis=0)
        sums = np.take(bands, right, axis=1)
        sums -= np.take(bands, left, axis=1)
        areas = (bottom - top)[:, None] * (right - left)[None, :]
        return _means(sums, areas)

    def crops(self, corners: I64, size: int) -> F32:
        """Parts of the picture, each brought to a square.

        Args:
            corners: (N, 4) int64 x1, y1, x2, y2 px, x2 and y2 past the last pixel, none empty.
            size: side of the squares, px.

        Returns:
            (N, size, size, 3) float32; grey where a part reaches beyond the picture.
        """
        left, right = _bins(corners[:, 2] - corners[:, 0], size)
        top, bottom = _bins(corners[:, 3] - corners[:, 1], size)
        areas = (bottom - top)[:, :, None] * (right - left)[:, None, :]
        left, right = left + corners[:, :1], right + corners[:, :1]
        top, bottom = top + corners[:, 1:2], bottom + corners[:, 1:2]
        grey = None
        if len(corners) and (corners[:, :2].min() < 0 or (corners[:, 2:] > (self.width, self.height)).any()):
            left, right = left.clip(0, self.width), right.clip(0, self.width)
            top, bottom = top.clip(0, self.height), bottom.clip(0, self.height)
            grey = GREY * (areas - (bottom - top)[:, :, None] * (right - left)[:, None, :])
        stride = self.width + 1
        top, bottom = top * stride, bottom * stride
        flat = self._sums.reshape(-1, 3)
        sums = flat.take(bottom[:, :, None] + right[:, None, :], axis=0)
        sums -= flat.take(bottom[:, :, None] + left[:, None, :], axis=0)
        sums -= flat.take(top[:, :, None] + right[:, None, :], axis=0)
        sums += flat.take(top[:, :, None] + left[:, None, :], axis=0)
        if grey is not None:
            sums += grey[..., None].astype(np.int32)
        return _means(sums, areas)


def _means(sums: NDArray[np.int32], areas: I64) -> F32:
    means = sums.astype(np.float32)
    means /= areas.astype(np.float32)[..., None]
    return means
