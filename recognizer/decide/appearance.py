"""Stage 7, DECIDE: notice, without the network, that a box may show another face than before."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.types import F32, U8

PATCH_PX = 16
"""Side of a face in its thumbnail, px."""
REACH_PX = 3
"""By how much of that a face may move, or its box be off, between two thumbnails."""
SIDE_PX = PATCH_PX + 2 * REACH_PX
POINTS = 2
"""Pixels read for each pixel of a thumbnail, across and down."""
FITS = 0.85
"""Correlation in the same place from which no better place is searched for."""
SUDDEN = 0.25
"""One minus the correlation of two consecutive thumbnails from which the face may be another one."""
STEP, STEP_RATIO = 0.15, 3.0
"""The same from STEP, where it is STEP_RATIO times what is usual in the track. Of 150 faces swapped between two frames
2 were below SUDDEN, none below both; 1.0 instead of 0.4 % of 4,793 face-frames of seven clips are above."""
STEP_WEIGHT = 0.2
"""Weight of the newest difference in what is usual."""
UNLIKE = 0.8
"""Correlation with the thumbnail of the last sample below which a slow change is looked for."""
UNLIKE_FOR_S = 0.032
"""The same correlation, as far as it is below UNLIKE, summed up over time: from here on the face may be another one,
however it changed. Reached after 0.16 s at 0.6. Each time that a sample shows the same face doubles it, up to
LIVELIEST, for that track: faces that turn to and fro would take as many samples again."""
OTHER = 0.65
"""The same correlation below which it may be another one at once: of 40 faces that crossed and 40 that stepped in
front 2 and 2 names were wrong for more than a frame, with this 1 and 1."""
LIVELIEST = 4.0
CALMER_S = 4.0
"""Time in which that is halved again."""
PERIOD_S = 0.08
"""Time between the thumbnails that are kept for dissolves."""
HALF_PERIODS = (1, 2, 4)
"""Half the lengths, in such periods, over which a dissolve is looked for."""
DISSOLVED = 0.05
"""Share of a face's variance that changes in the same way in both halves, beyond movement and brightness, from which
it dissolves: what moves leaves one place and enters another. Of 120 dissolves of 0.4 s 93 % are seen before 90 % of
them is over; 55 % by the correlation of the halves' differences, with as many samples of faces that only moved."""
MOVED = 0.97
"""Correlation in the same place above which that share is smaller anyway."""
GAP_S = 0.3
"""After so long without a thumbnail, consecutive ones are not compared."""


class Appearance:
    """Compares the newest thumbnail of one track with the last ones, and with that of its last sample."""

    __slots__ = (
        "_at", "_compared_at", "_dissolved", "_kept_at", "_lively",
        "_newest", "_past", "_reference", "_unlike_s", "_usual",
    )  # fmt: skip

    def __init__(self) -> None:
        self._newest: Thumbnail | None = None
        self._reference: Thumbnail | None = None
        self._past: deque[Thumbnail] = deque(maxlen=2 * max(HALF_PERIODS) + 1)
        self._at = self._compared_at = self._kept_at = -math.inf
        self._usual, self._unlike_s, self._lively, self._dissolved = SUDDEN, 0.0, 1.0, False

    def has_changed(self, picture: U8, box: F32, at: float) -> bool:
        """Take the picture in the track's box, and return whether it may show another face than the last sample.

        Args:
            picture: (H, W) brightness or (H, W, 3) BGR.
            box: (4,) px.
            at: time of the frame, seconds.
        """
        now = thumbnail(picture, box)
        before, self._newest = self._newest, now
        if before is None or not 0 < at - self._at < GAP_S:
            self._past.clear()
            self._at, self._kept_at, self._usual = at, -math.inf, SUDDEN
            before = None
        self._at = at
        if self._reference is None:
            self._reference = now
        return (before is not None and self._is_sudden(before, now)) or self._is_slow(now, at)

    def verify(self, *, is_watched: bool) -> None:
        """Record that a sample of this frame showed the same face as before.

        Args:
            is_watched: this frame's picture was taken by ``has_changed``; otherwise the earlier ones are forgotten.
        """
        if not is_watched:
            self._newest = self._reference = None
            self._unlike_s = 0.0
        elif self._newest is not None:
            if self._unlike_s or self._dissolved:
                self._lively = min(2 * self._lively, LIVELIEST)
            self._reference, self._unlike_s, self._dissolved = self._newest, 0.0, False

    def _is_sudden(self, before: Thumbnail, now: Thumbnail) -> bool:
        step = 1 - likeness(before, now)
        usual, self._usual = self._usual, self._usual + STEP_WEIGHT * (step - self._usual)
        return step > SUDDEN or (step > STEP and step > STEP_RATIO * usual)

    def _is_slow(self, now: Thumbnail, at: float) -> bool:
        is_kept = at - self._kept_at >= PERIOD_S - 1e-3
        if self._reference is None or not (is_kept or self._unlike_s):
            return False
        alike = likeness(self._reference, now, enough=UNLIKE)
        elapsed = min(at - self._compared_at, GAP_S)
        self._compared_at = at
        self._unlike_s = self._unlike_s + (UNLIKE - alike) * elapsed if alike < UNLIKE else 0.0
        self._lively = max(1.0, self._lively * 0.5 ** (elapsed / CALMER_S))
        found = self._unlike_s >= UNLIKE_FOR_S * self._lively or alike < OTHER
        if is_kept:
            self._past.append(now)
            self._kept_at = at
            dissolves = any(self._is_dissolve(half) for half in HALF_PERIODS)
            self._dissolved |= dissolves
            found |= dissolves
        return found

    def _is_dissolve(self, half: int) -> bool:
        if 2 * half >= len(self._past):
            return False
        first, middle, now = self._past[-1 - 2 * half], self._past[-1 - half], self._past[-1]
        if float(first.unit.dot(now.unit)) > MOVED:
            return False
        one, other = middle.face - first.face, now.face - middle.face
        centred = now.face - float(now.face.dot(_SHARES))
        wanted = DISSOLVED * self._lively / 4 * max(float(centred.dot(centred)), 1.0)
        if float(one.dot(other)) < wanted:  # a quarter of the faces that move pass: what follows takes 40 us
            return False
        one, other = _unexplained(middle, one, other)
        return float(one.dot(other)) > wanted


class Thumbnail(NamedTuple):
    """The brightness of a face and a fifth of its size around it."""

    pixels: F32
    """(22, 22)."""
    face: F32
    """(256,): the middle of it, 16 px high and wide."""
    unit: F32
    """The same without its mean, of unit length; zeros where it is flat."""


def thumbnail(picture: U8, box: F32) -> Thumbnail:
    """Return the thumbnail of a box; beyond the picture's edge it is repeated.

    Args:
        picture: (H, W) brightness or (H, W, 3) BGR.
        box: (4,) px.
    """
    left, top, right, bottom = box.tolist()
    columns = np.clip(left + _STEPS * (right - left), 0, picture.shape[1] - 1).astype(np.intp)
    rows = np.clip(top + _STEPS * (bottom - top), 0, picture.shape[0] - 1).astype(np.intp)
    grey = picture if picture.ndim == 2 else picture[:, :, 1]  # green is most of the brightness
    points = grey.take(rows, axis=0).take(columns, axis=1)
    pixels = cv2.resize(points, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    face = pixels[REACH_PX:-REACH_PX, REACH_PX:-REACH_PX].ravel()
    return Thumbnail(pixels, face, _unit(face))


def likeness(before: Thumbnail, now: Thumbnail, *, enough: float = FITS) -> float:
    """Correlation of the face in an earlier thumbnail with a good place in a later one, in [-1, 1].

    The best place is searched for only where the same place has less than ``enough``: a search takes 14 us, this 1 us.
    """
    same_place = float(before.unit.dot(now.unit))
    if same_place >= enough:
        return same_place
    face = before.face.reshape(PATCH_PX, PATCH_PX)
    return float(cv2.matchTemplate(now.pixels, face, cv2.TM_CCOEFF_NORMED).max())


def _unexplained(middle: Thumbnail, one: F32, other: F32) -> tuple[F32, F32]:
    """Two changes of a face, (256,), before and after ``middle``, less what movement and brightness explain."""
    pixels, side = middle.pixels, np.s_[REACH_PX:-REACH_PX]
    across = (pixels[side, REACH_PX + 1 : 1 - REACH_PX] - pixels[side, REACH_PX - 1 : -1 - REACH_PX]).ravel()
    down = (pixels[REACH_PX + 1 : 1 - REACH_PX, side] - pixels[REACH_PX - 1 : -1 - REACH_PX, side]).ravel()
    x, y = _PLACES
    causes = np.stack([_BRIGHTER, across, down, across * x, across * y, down * x, down * y])
    changes = np.stack([one, other], axis=1)
    spread = causes @ causes.T
    spread.flat[:: len(causes) + 1] += 1e-3 * spread.trace() / len(causes)
    left = changes - causes.T @ np.linalg.solve(spread, causes @ changes)
    return left[:, 0], left[:, 1]


def _unit(face: F32) -> F32:
    centred = face - float(face.dot(_SHARES))  # mean() takes five times as long
    length = math.sqrt(float(centred.dot(centred)))
    return centred / length if length > 1 else np.zeros_like(centred)


_BRIGHTER = np.full(PATCH_PX**2, 10, np.float32)
_PLACES = np.mgrid[:PATCH_PX, :PATCH_PX][::-1].reshape(2, -1).astype(np.float32) * (2 / (PATCH_PX - 1)) - 1
_SHARES = np.full(PATCH_PX**2, 1 / PATCH_PX**2, np.float32)
_STEPS = ((np.arange(SIDE_PX * POINTS) + 0.5) / POINTS - REACH_PX) / PATCH_PX
