"""Shot cuts: hard cuts, dissolves and fades end all tracks; motion, pans, flashes, lamps, bars and logos do not.

Two thumbnails are compared block by block. A block of the new picture is *matched* if it is found, up to brightness
and contrast, within a few pixels of its place in the old one (normalised cross-correlation). People who move leave
most blocks matched, a pan moves all of them, a lamp or an exposure step changes none; a cut leaves few. Flat blocks,
such as letterbox bars, cannot be compared and do not count, so neither bars nor logos nor a frozen border hide a cut.

A dissolve changes no frame much. It differs from motion by its linearity: the difference picture of the last moments
is like that of the moments before, whereas what moves leaves one place and enters another.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.types import F32, U8

THUMBNAIL_PX = (48, 27)
"""Width and height of the picture in which cuts are searched."""
SAMPLES = 2
"""Pixels across that each of its pixels is the mean of; more cost a trip to memory each (25 us in all, 95 with 4)."""
BLOCKS = (6, 3)
"""Blocks across and down the part of the picture that changed."""
SAME = 3.0
"""Grey levels by which a pixel of a bar or a frozen border may differ."""
FEW = 0.05
"""Share of the pixels of a row or column of such a border that may differ by more."""
SEARCH_PX = (4, 3)
"""How far to both sides, and up and down, a block is searched."""
MATCHED = 0.7
"""Correlation from which a block is matched."""
TEXTURE = 3.0
"""Standard deviation in grey levels below which a block is flat."""
UNMATCHED = 0.2
"""Share of the picture that must be unmatched, at least."""
SUSPICIOUS = 0.06
"""Change between consecutive thumbnails from which blocks are compared."""
STRONG = 8.0
"""Standard deviation of a block that is unmatched where the other one is flat."""
FLAT = 324.0
"""Sum of squares about the mean of a whole thumbnail that is flat: half a grey level a pixel."""
FLASH_GAIN = 25.0
"""Rise of the mean brightness, grey levels, that may be a flash."""
WHITE, WHITE_SHARE = 250.0, 0.2
"""A flash leaves so much of the picture white."""
FLASH_S = 0.15
"""Longest flash: the decision waits for so long whether the old picture comes back."""
RECENT = 4
"""Thumbnails of the last moments, STEP_S apart, of which none may show what is seen now."""
STEP_S = 0.09
"""Time between the thumbnails in which dissolves are searched."""
HALVES = (1, 2, 4, 8)
"""Half the lengths of time, in such steps, over which a dissolve is searched."""
LINEAR = 0.15
"""Correlation of the two halves' difference pictures in a dissolve."""
CHANGED = 0.1
"""Change over the whole of that time below which nothing was dissolved."""


class Thumbnail(NamedTuple):
    """A small grey copy of a frame."""

    pixels: F32
    """(27, 48) brightness in [0, 255]."""
    mean: float
    spread: float
    """Sum of the squared deviations from the mean."""


class CutDetector:
    """Finds the cuts of one source, frame by frame.

    Args:
        share: share of the comparable blocks that a cut leaves unmatched; negative: every frame is a cut.
    """

    def __init__(self, *, share: float = 0.5) -> None:
        self._share = share
        self._last: Thumbnail | None = None
        self._reference: Thumbnail | None = None
        """Last comparable picture, while the decision waits."""
        self._waits_until = np.inf
        self._past: deque[Thumbnail] = deque(maxlen=2 * max(HALVES) + 1)
        self._past_at = -np.inf

    def update(self, image: U8, at: float) -> bool:
        """Return whether the shot changed with, or shortly before, this frame.

        Args:
            image: (H, W, 3) BGR or (H, W) brightness, uint8.
            at: time of the frame, seconds.
        """
        if self._share < 0:
            return True
        now = thumbnail(image)
        last, self._last = self._last, now
        cut = last is not None and (self._is_hard_cut(last, now, at) or self._is_dissolve(now, at))
        if cut:
            self._past.clear()
            self._past_at = -np.inf
        return cut

    def _is_hard_cut(self, last: Thumbnail, now: Thumbnail, at: float) -> bool:
        if self._reference is None and change(last, now) < SUSPICIOUS:
            return False
        reference = last if self._reference is None else self._reference
        found = compare(reference.pixels, now.pixels)
        if found.is_blank:
            self._reference, self._waits_until = reference, np.inf
            return False
        if not self._differs(found):
            self._reference = None
            return False
        if found.is_white and now.mean - reference.mean > FLASH_GAIN:
            if self._reference is None:
                self._reference, self._waits_until = reference, at + FLASH_S
            if at < self._waits_until:
                return False
        self._reference = None
        return not any(self._is_back(older, now) for older in self._recent())

    def _recent(self) -> list[Thumbnail]:
        """Pictures of the last moments, from before a flash or a short blackout."""
        return list(self._past)[-RECENT:]

    def _is_back(self, older: Thumbnail, now: Thumbnail) -> bool:
        found = compare(older.pixels, now.pixels)
        return not self._differs(found)

    def _is_dissolve(self, now: Thumbnail, at: float) -> bool:
        if at < self._past_at:  # the source began anew
            self._past.clear()
        elif at - self._past_at < STEP_S - 1e-3:
            return False
        self._past_at = at
        self._past.append(now)
        if self._reference is not None:
            return False
        return any(self._dissolved(half) for half in HALVES if 2 * half < len(self._past))

    def _dissolved(self, half: int) -> bool:
        first, middle, now = self._past[-1 - 2 * half], self._past[-1 - half], self._past[-1]
        if change(first, now) < CHANGED or min(first.spread, now.spread) < FLAT:
            return False
        if likeness(middle.pixels - first.pixels, now.pixels - middle.pixels) < LINEAR:
            return False
        found = compare(first.pixels, now.pixels)
        return self._differs(found)

    def _differs(self, found: Comparison) -> bool:
        return found.unmatched >= UNMATCHED and found.unmatched > self._share * found.comparable


class Comparison(NamedTuple):
    """What two thumbnails have in common; shares of the picture."""

    matched: float = 0.0
    unmatched: float = 0.0
    """Blocks that are not found in the old picture, or are flat in one of the two."""
    is_blank: bool = False
    """The part that changed is flat now: black, white or covered."""
    is_white: bool = False

    @property
    def comparable(self) -> float:
        """Share of the picture that has texture and changed."""
        return self.matched + self.unmatched


def thumbnail(image: U8) -> Thumbnail:
    """A grey thumbnail of (H, W, 3) BGR or (H, W) brightness, from every n-th pixel."""
    width, height = THUMBNAIL_PX
    sparse = cv2.resize(image, (SAMPLES * width, SAMPLES * height), interpolation=cv2.INTER_NEAREST)
    grey = cv2.cvtColor(sparse, cv2.COLOR_BGR2GRAY) if sparse.ndim == 3 else sparse
    pixels = cv2.resize(grey, THUMBNAIL_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    flat = pixels.ravel()
    mean = float(flat.dot(_SHARES))  # after a frame was decoded, mean() takes five times as long
    return Thumbnail(pixels, mean, float(flat.dot(flat)) - flat.size * mean**2)


_SHARES = np.full(THUMBNAIL_PX[0] * THUMBNAIL_PX[1], 1 / (THUMBNAIL_PX[0] * THUMBNAIL_PX[1]), np.float32)


def change(before: Thumbnail, after: Thumbnail) -> float:
    """One minus the correlation of two thumbnails: 0 for equal ones, about 1 for unrelated ones.

    Of flat pictures, which have no correlation, the difference of their brightness, in [0, 1].
    """
    if before.spread < FLAT or after.spread < FLAT:
        return abs(before.mean - after.mean) / 255 if before.spread < FLAT and after.spread < FLAT else 1.0
    common = float(before.pixels.ravel().dot(after.pixels.ravel())) - before.pixels.size * before.mean * after.mean
    return 1.0 - common / float(np.sqrt(before.spread * after.spread))


def likeness(one: F32, other: F32) -> float:
    """Correlation of two difference pictures; 0 where one is flat."""
    a, b = (one - one.mean()).ravel(), (other - other.mean()).ravel()
    size = float(np.sqrt(a.dot(a) * b.dot(b)))
    return float(a.dot(b)) / size if size > 1e-6 else 0.0


def compare(before: F32, after: F32) -> Comparison:
    """Search the blocks of a thumbnail (27, 48) in an earlier one.

    Only the part that changed is compared: rows and columns at the border that did not, such as bars, do not count. Nor
    do blocks that are flat.
    """
    top, bottom, left, right = changed_part(before, after)
    rows, columns = (
        np.linspace(top, bottom, BLOCKS[1] + 1).astype(int),
        np.linspace(left, right, BLOCKS[0] + 1).astype(int),
    )
    if (bottom - top) * (right - left) < UNMATCHED * after.size:
        return Comparison()
    across, down = SEARCH_PX
    hits, misses, textures = 0, 0, []
    for y1, y2 in pairwise(rows):
        for x1, x2 in pairwise(columns):
            block = after[y1:y2, x1:x2]
            old, new = _deviation(before[y1:y2, x1:x2]), _deviation(block)
            textures.append(new)
            if min(old, new) < TEXTURE:
                misses += max(old, new) > STRONG
                continue
            around = before[
                max(top, y1 - down) : min(bottom, y2 + down), max(left, x1 - across) : min(right, x2 + across)
            ]
            found = float(cv2.matchTemplate(around, block, cv2.TM_CCOEFF_NORMED).max())
            hits, misses = hits + (found >= MATCHED), misses + (found < MATCHED)
    share = (bottom - top) * (right - left) / after.size / len(textures)
    white = float((after[top:bottom, left:right] > WHITE).mean()) > WHITE_SHARE
    return Comparison(hits * share, misses * share, float(np.median(textures)) < TEXTURE, white)


def _deviation(block: F32) -> float:
    """Standard deviation; NumPy's takes six times as long."""
    return float(cv2.meanStdDev(block)[1][0, 0])


def changed_part(before: F32, after: F32) -> tuple[int, int, int, int]:
    """First and past-the-last row and column between which two thumbnails differ, less the mixed pixels at its edge."""
    changed = np.abs(after - before) > SAME
    rows = np.flatnonzero(changed.mean(axis=1) > FEW)
    columns = np.flatnonzero(changed.mean(axis=0) > FEW)
    if len(rows) == 0 or len(columns) == 0:
        return 0, 0, 0, 0
    return int(rows[0]) + 1, int(rows[-1]), int(columns[0]) + 1, int(columns[-1])
