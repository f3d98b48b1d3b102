"""Shot changes made from real clips: cuts, dissolves, fades; and what is none: flashes, lamps, blackouts, pans."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from recognizer.capture.video import VideoFile
from recognizer.detect.cuts import CutDetector, change, thumbnail
from recognizer.types import U8

WIDTH, HEIGHT = 480, 270
RATES = (10, 15, 25, 30, 60)
OVERLAYS = ("none", "letterbox", "pillarbox", "logo", "frame")
CLIPS = ("friends_720p.mp4", "hamilton_360p.mp4", "street_1080p.mp4", "classroom_720p.mp4", "four_faces_1080p.mp4",
         "no_face_432p.mp4", "office/book.mkv", "office/sister.mkv", "office/walk.mkv")  # fmt: skip
RATE = {"no_face_432p.mp4": 10.0}
"""Frames a second of the clips that have not about 25."""
OWN_CUT = 0.3
"""Change between frames of a clip that is a cut of its own: no shot is taken across it."""


class Shot(NamedTuple):
    """A part of a clip without cuts, at some rate."""

    clip: str
    frames: U8
    """(N, 270, 480) brightness."""


def load(videos: Path, clip: str, *, count: int = 600) -> U8:
    """Read the first frames of a clip, small."""
    frames = []
    with VideoFile(videos / clip) as video:
        for frame in video:
            grey = frame.preview if frame.preview.ndim == 2 else cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
            frames.append(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
            if len(frames) == count:
                break
    return np.asarray(np.stack(frames), np.uint8)


class Shots:
    """Draws shots from clips, the same for the same seed."""

    def __init__(self, videos: Path, clips: Sequence[str], *, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._frames = {clip: load(videos, clip) for clip in clips}
        self._whole: dict[str, list[tuple[int, int]]] = {}
        for clip, frames in self._frames.items():
            small = [thumbnail(np.asarray(frame, np.uint8)) for frame in frames]
            cuts = [n + 1 for n, (a, b) in enumerate(pairwise(small)) if change(a, b) > OWN_CUT]
            self._whole[clip] = list(pairwise([0, *cuts, len(frames)]))

    def draw(self, clip: str, seconds: float, rate: int) -> Shot | None:
        """Take a part of a clip; ``None`` if it has no such long shot."""
        step = RATE.get(clip, 25.0) / rate
        count = math.ceil(seconds * rate)
        places = [(a, b - math.ceil(count * step)) for a, b in self._whole[clip] if b - a > math.ceil(count * step)]
        if not places:
            return None
        low, high = places[self.rng.integers(len(places))]
        begin = int(self.rng.integers(low, high + 1))
        rows = np.minimum(begin + (np.arange(count) * step).astype(int), len(self._frames[clip]) - 1)
        return Shot(clip, np.asarray(self._frames[clip][rows], np.uint8))

    def pair(self, seconds: float, rate: int) -> tuple[Shot, Shot] | None:
        """Two shots of different places: the office clips show one room."""
        one, other = (str(name) for name in self.rng.choice(list(self._frames), 2, replace=False))
        if one.startswith("office") and other.startswith("office"):
            return None
        first, second = self.draw(one, seconds, rate), self.draw(other, seconds, rate)
        return (first, second) if first and second else None


def mixed(one: U8, other: U8) -> U8:
    """Dissolve the first frames into the second ones."""
    share = (np.arange(1, len(one) + 1) / (len(one) + 1))[:, None, None]
    return np.asarray((1 - share) * one + share * other, np.uint8)


def joined(one: Shot, other: Shot, kind: str, rate: int, rng: np.random.Generator) -> tuple[U8, int, int]:
    """Join two shots of equal length; the frames, and the first and last of the change."""
    half = len(one.frames) // 2
    a, b = one.frames, other.frames
    if kind == "cut":
        return np.concatenate([a[:half], b[:half]]), half, half
    length = max(3, int(rng.uniform(0.3, 1.5) * rate))
    if kind == "dissolve":
        between = mixed(a[half : half + length], b[:length])
        return np.concatenate([a[:half], between, b[length : length + half]]), half, half + length
    length = max(3, length // 2)
    black = np.zeros_like(a[:length])
    out, back = mixed(a[half : half + length], black), mixed(black, b[:length])
    return np.concatenate([a[:half], out, back, b[length : length + half]]), half, half + 2 * length


def flash(frames: U8, rate: int, rng: np.random.Generator) -> U8:
    """Brighten one to three frames in the middle, by up to four times."""
    frames = frames.copy()
    for place in range(len(frames) // 2, len(frames) // 2 + (int(rng.integers(1, 4)) if rate >= 25 else 1)):
        frames[place] = np.clip(frames[place] * rng.uniform(1.6, 4) + rng.uniform(0, 60), 0, 255).astype(np.uint8)
    return frames


def lamp(frames: U8, rate: int, rng: np.random.Generator) -> U8:
    """Change the light for good."""
    lit = np.clip(frames * rng.uniform(0.3, 2.5) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
    return np.concatenate([frames[: len(frames) // 2], lit[len(frames) // 2 :]])


def blackout(frames: U8, rate: int, rng: np.random.Generator) -> U8:
    """Show black for a quarter of a second, then the same again."""
    frames = frames.copy()
    frames[len(frames) // 2 : len(frames) // 2 + max(1, rate // 4)] = 5
    return frames


def pan(frames: U8, rate: int, rng: np.random.Generator) -> U8:
    """Move a window of half the picture by 0.1 to 0.3 of its width a second."""
    speed = rng.uniform(0.1, 0.3) * WIDTH / rate
    panned = []
    for number, frame in enumerate(frames):
        large = cv2.resize(frame, (2 * WIDTH, 2 * HEIGHT))
        left = int(abs(number * speed % (2 * WIDTH) - WIDTH))
        panned.append(large[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, left : left + WIDTH])
    return np.asarray(np.stack(panned), np.uint8)


def plain(frames: U8, rate: int, rng: np.random.Generator) -> U8:
    """Leave them as they are."""
    return frames


NO_CUTS: dict[str, Callable[[U8, int, np.random.Generator], U8]] = {
    "plain": plain, "flash": flash, "lamp": lamp, "blackout": blackout, "pan": pan,
}  # fmt: skip


def overlaid(frames: U8, overlay: str) -> U8:
    """Add bars, a logo with a subtitle, or a frozen textured border."""
    frames = frames.copy()
    if overlay == "letterbox":
        frames[:, :35] = frames[:, -35:] = 16
    elif overlay == "pillarbox":
        frames[:, :, :60] = frames[:, :, -60:] = 16
    elif overlay == "logo":
        for frame in frames:
            cv2.putText(frame, "NEWS 24", (360, 40), cv2.FONT_HERSHEY_DUPLEX, 0.8, 235, 2)
            cv2.rectangle(frame, (20, 220), (460, 255), 40, -1)
            cv2.putText(frame, "somebody says something", (30, 245), cv2.FONT_HERSHEY_DUPLEX, 0.8, 240, 2)
    elif overlay == "frame":
        coarse = np.random.default_rng(1).integers(0, 255, (6, 9)).astype(np.uint8)
        border = np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)
        inner = [cv2.resize(frame, (WIDTH - 120, HEIGHT - 70), interpolation=cv2.INTER_AREA) for frame in frames]
        frames = np.repeat(border[None], len(frames), 0)
        frames[:, 35:-35, 60:-60] = np.stack(inner)
    return np.asarray(frames, np.uint8)


def cuts_of(frames: U8, rate: int) -> list[int]:
    """The frames in which a cut is seen."""
    detector = CutDetector()
    return [number for number, frame in enumerate(frames) if detector.update(frame, number / rate)]
