"""When to look: full detection is dear, so it runs when it is due, on a shot cut, and after a loss.

FastMTCNN looks at every n-th frame. Here the wait is in seconds and adapts: it is short while faces come and go and
doubles, up to a limit, while looking brings nothing new. A look may overlook a kind of face again and again; so a
thorough one is due at the start, at a cut and every few seconds.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.types import F32, U8, Look

THUMBNAIL_PX = (48, 27)
"""Width and height of the picture that cuts are looked for in."""
HURRIED = 2
"""How many times as long looks wait while frames do: of four cameras on two cores a quarter of the frames is left out
for newer ones, without it a half."""
SAMPLES = 2
"""Pixels across that each of its pixels is made of: they are scattered over the whole frame, and each costs a trip to
memory."""
FLAT = 324.0
"""Spread of a picture in which there is nothing to compare: its pixels are half a grey level off."""
_SHARES = np.full(THUMBNAIL_PX[0] * THUMBNAIL_PX[1], 1 / (THUMBNAIL_PX[0] * THUMBNAIL_PX[1]), np.float32)


class Cadence:
    """Decides for one source, frame by frame.

    Args:
        interval_s: longest wait between two looks.
        shortest_s: wait after a look that found somebody new, and least wait before a loss asks for another look.
        thorough_s: wait between two thorough looks; 0 where every look finds all there is, and none is asked for.
        cut: change between two frames that counts as a shot cut: see ``change``.
    """

    def __init__(
        self, *, interval_s: float = 0.5, shortest_s: float = 0.25, thorough_s: float = 5.0, cut: float = 0.5
    ) -> None:
        self._interval_s = interval_s
        self._shortest_s = min(shortest_s, interval_s)
        self._thorough_s = thorough_s
        self._cut = cut
        self._wait_s = self._shortest_s
        self._looked_at: float | None = None
        self._thorough_at: float | None = None
        self._thumbnail: Thumbnail | None = None
        self._loss_owed = False
        self._for_loss = False

    def look(self, image: U8, at: float, *, lost: bool, hurried: bool = False) -> Look:
        """Say whether to detect in this frame.

        Args:
            image: (H, W, 3) BGR or (H, W) brightness, uint8.
            at: time of the frame, seconds.
            lost: a track was lost since the last frame.
            hurried: frames wait; looks that may wait do so for ``HURRIED`` times as long.
        """
        thumbnail = shrunk(image)
        cut = self._thumbnail is not None and change(self._thumbnail, thumbnail) > self._cut
        self._thumbnail = thumbnail
        self._loss_owed |= lost
        if cut:
            return Look.CUT
        if self._looked_at is None or at < self._looked_at:
            return self._due(at)
        waited = (at - self._looked_at) / (HURRIED if hurried else 1)
        if waited >= self._wait_s:
            return self._due(at)
        if self._loss_owed and waited >= self._shortest_s:
            self._for_loss = True
            return Look.LOSS
        return Look.NO

    def _due(self, at: float) -> Look:
        if self._thorough_s == 0:
            return Look.DUE
        last = self._thorough_at
        return Look.THOROUGH if last is None or not 0 <= at - last < self._thorough_s else Look.DUE

    def looked(self, at: float, *, news: bool, thorough: bool) -> None:
        """Take note of a look: ``news`` when it found somebody new or missed somebody."""
        self._looked_at = at
        if thorough:
            self._thorough_at = at
        if news:
            self._wait_s = self._shortest_s
        elif not self._for_loss:  # where faces are lost the scene is not calm
            self._wait_s = min(self._wait_s * 2, self._interval_s)
        self._loss_owed = self._for_loss = False


class Thumbnail(NamedTuple):
    """What is remembered of a frame to see a cut by."""

    pixels: F32
    """(1296,) brightness in [0, 255]."""
    mean: float
    spread: float
    """Sum of the squares of what the pixels have more or less than that."""


def shrunk(image: U8) -> Thumbnail:
    """A blurred grey thumbnail of (H, W, 3) BGR or (H, W) brightness, from every n-th pixel."""
    sparse = cv2.resize(image, (SAMPLES * THUMBNAIL_PX[0], SAMPLES * THUMBNAIL_PX[1]), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(sparse, cv2.COLOR_BGR2GRAY) if sparse.ndim == 3 else sparse
    pixels = cv2.resize(grey, THUMBNAIL_PX, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    mean = float(pixels.dot(_SHARES))  # after a frame was decoded, mean() takes five times as long
    return Thumbnail(pixels, mean, float(pixels.dot(pixels)) - pixels.size * mean**2)


def change(before: Thumbnail, after: Thumbnail) -> float:
    """How little two thumbnails have in common: 0 the same, about 1 unrelated; light and contrast do not count.

    One minus the correlation of the two, so that a lamp switched on or a camera's exposure is no cut.
    """
    if before.spread < FLAT or after.spread < FLAT:  # blank, or a covered lens
        return abs(before.mean - after.mean) / 255
    common = float(before.pixels.dot(after.pixels)) - before.pixels.size * before.mean * after.mean
    return 1.0 - common / math.sqrt(before.spread * after.spread)
