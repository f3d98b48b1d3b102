"""The demonstration's clip: who is on screen when, painted frame by frame from a few portraits.

The script below is also the truth that ``demo_check`` holds the results against. Everything is computed from the time
alone, so that the clip is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.capture.pictures import read_picture
from recognizer.types import F32, U8

MEDIA = Path(__file__).resolve().parent / "media"
WIDTH_PX, HEIGHT_PX, RATE = 640, 360, 25
BLUR_REACH_PX = 8
"""How far beyond its corners a portrait is painted at most: more than 4 standard deviations of the strongest blur."""
LENGTH_S = 12.0
EMPTY = (7.0, 8.5)
"""Seconds in which nobody is on screen."""
CUTS = (4.0, 7.0, 8.5)
"""Seconds at which the shot changes."""

ENROLLED = ("Barack Obama", "Eileen Collins")
STRANGER = "Grace Hopper"
GALLERY = {
    "Barack Obama": ("barack_obama_2009.jpg", "barack_obama_2012.jpg"),
    "Eileen Collins": ("eileen_collins.jpg",),
}
"""Photos to enrol; where a person has but one, ``gallery_photo`` makes it differ from the clip."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photo of the clip, and where the face is in it."""

    file: str
    face: tuple[float, float, float]
    """Middle x, middle y and width of the face, px of the photo."""


_PORTRAITS = {
    "Barack Obama": Portrait("barack_obama_2010.jpg", (165, 149, 120)),
    "Eileen Collins": Portrait("eileen_collins.jpg", (167, 153, 114)),
    "Grace Hopper": Portrait("grace_hopper.jpg", (166, 150, 123)),
}


@dataclass(frozen=True, slots=True)
class Pose:
    """How a face is shown at one time."""

    at_s: float
    x: float
    """Middle of the face, px of the frame."""
    y: float
    width: float
    """Of the face, px."""
    roll: float = 0.0
    """Degrees, clockwise."""
    turn: float = 0.0
    """-1 to 1: turned to the viewer's left or right."""
    light: float = 1.0
    blur: float = 0.0
    """Standard deviation, px."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """One person from one time to another; between the poses everything changes evenly."""

    person: str
    poses: tuple[Pose, ...]

    @property
    def begins_s(self) -> float:
        """Seconds into the clip."""
        return self.poses[0].at_s

    @property
    def ends_s(self) -> float:
        """Seconds into the clip; the shot or the clip ends here."""
        return self.poses[-1].at_s

    @property
    def enrolled(self) -> bool:
        """Whether the gallery knows this person."""
        return self.person in ENROLLED

    def pose(self, at_s: float) -> Pose | None:
        """The pose at a time, ``None`` while the person is not on screen."""
        if not self.begins_s <= at_s < self.ends_s:
            return None
        times = [pose.at_s for pose in self.poses]

        def between(name: str) -> float:
            return float(np.interp(at_s, times, [getattr(pose, name) for pose in self.poses]))

        return Pose(at_s, *(between(name) for name in ("x", "y", "width", "roll", "turn", "light", "blur")))


SCRIPT = (
    # Obama walks in from the left and comes nearer; Collins follows from the right.
    Appearance(
        "Barack Obama",
        (
            Pose(0.0, -60, 190, 60),
            Pose(1.2, 180, 185, 76, roll=6, turn=0.3),
            Pose(2.4, 230, 175, 98, roll=-8, turn=-0.3),
            Pose(4.0, 250, 180, 104, roll=4),
        ),
    ),
    Appearance(
        "Eileen Collins",
        (
            Pose(0.8, 710, 200, 84),
            Pose(1.8, 480, 190, 84, roll=-7, turn=-0.3),
            Pose(4.0, 460, 170, 92, roll=8, turn=0.3),
        ),
    ),
    # A cut, and a stranger stands where Obama stood: the name must not stay. The light goes down, the focus is lost.
    Appearance(
        "Grace Hopper",
        (
            Pose(4.0, 250, 180, 104),
            Pose(5.2, 300, 170, 96, roll=7, turn=0.3, light=0.8),
            Pose(6.0, 340, 180, 90, roll=-6, turn=-0.2, light=0.45, blur=1.5),
            Pose(7.0, 400, 185, 100, light=0.9),
        ),
    ),
    # A cut, an empty room, a cut: all three at once, small faces, one of them dim and blurred for a while.
    Appearance(
        "Grace Hopper", (Pose(8.5, 110, 150, 70, roll=-5), Pose(10.2, 130, 200, 80, turn=0.3), Pose(12.0, 120, 190, 84))
    ),
    Appearance(
        "Eileen Collins",
        (
            Pose(8.5, 320, 190, 66),
            Pose(9.8, 330, 180, 72, roll=8, light=0.5, blur=1.2),
            Pose(10.8, 310, 200, 78, roll=-4),
            Pose(12.0, 320, 180, 84, turn=-0.3),
        ),
    ),
    Appearance(
        "Barack Obama",
        (Pose(8.5, 530, 180, 72, turn=-0.3), Pose(10.5, 510, 170, 84, roll=-8, light=0.7), Pose(12.0, 530, 190, 92)),
    ),
)


def frames(begins_s: float = 0.0, ends_s: float = LENGTH_S, every: int = 1) -> Iterator[tuple[float, U8]]:
    """Paint the clip or a piece of it: (seconds of the clip, (360, 640, 3) uint8 BGR), 25 a second.

    Args:
        begins_s: the first frame is at this time or the next one after it.
        ends_s: the last one is before it.
        every: 10 for every tenth frame.

    Raises:
        ImageError: if a portrait is missing or damaged.
    """
    grain = np.random.default_rng(0).normal(0, 2.5, (2 * HEIGHT_PX, 2 * WIDTH_PX, 3)).astype(np.float32)
    layers = {person: _layer(portrait) for person, portrait in _PORTRAITS.items()}
    for index in range(math.ceil(begins_s * RATE), math.ceil(min(ends_s, LENGTH_S) * RATE), every):
        at_s = index / RATE
        canvas = _background(at_s)
        for appearance in SCRIPT:
            if pose := appearance.pose(at_s):
                _paint(canvas, layers[appearance.person], _PORTRAITS[appearance.person], pose)
        row, column = 83 * index % HEIGHT_PX, 197 * index % WIDTH_PX  # another piece of the grain each time
        canvas += grain[row : row + HEIGHT_PX, column : column + WIDTH_PX]
        yield at_s, np.clip(canvas, 0, 255).astype(np.uint8)


def gallery_photo(file: str) -> U8:
    """A photo to enrol: as it is, or, where the clip shows the same one, mirrored, warmer and less sharp.

    Raises:
        ImageError: if the photo is missing or damaged.
    """
    image = read_picture(MEDIA / file)
    if all(portrait.file != file for portrait in _PORTRAITS.values()):
        return image
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(image[:, ::-1]), (0, 0), 0.8)
    toned = 255 * (mirrored / 255.0) ** np.array([1.15, 1.0, 0.85])
    return np.asarray(toned, np.uint8)


def _layer(portrait: Portrait) -> F32:
    """(h, w, 4) BGR and cover: the photo fades out towards its sides, so that no edge looks like part of a face."""
    image = read_picture(MEDIA / portrait.file).astype(np.float32)
    height, width = image.shape[:2]
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))
    reach = (x[None] ** 4 + y[:, None] ** 4) ** 0.25
    cover = np.clip((1.0 - reach) / 0.15, 0, 1)
    return np.dstack([image, cover * cover * (3 - 2 * cover)]).astype(np.float32)


def _background(at_s: float) -> F32:
    """(360, 640, 3): a wall of another colour in each shot, with a floor, slowly lit from another side."""
    wall, stripes, floor, heights = _wall(sum(at_s >= cut for cut in CUTS))
    x = np.arange(WIDTH_PX, dtype=np.float32)
    glow = 0.75 + 0.35 * np.cos((x - WIDTH_PX * (0.3 + 0.03 * at_s)) / WIDTH_PX * 2.4) * heights
    return np.asarray(wall * (glow * stripes * floor)[:, :, None], np.float32)


@cache
def _wall(shot: int) -> tuple[F32, F32, NDArray[np.float64], F32]:
    """What a shot's background has at all times: colour, stripes (640,), floor (360, 1), light from above (360, 1)."""
    wall = np.array([(150, 120, 95), (70, 95, 120), (120, 140, 110), (95, 90, 140)][shot], np.float32)
    x, y = np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32)[:, None]
    stripes = np.asarray(1.0 + 0.05 * np.sign(np.sin(x / (22 + 9 * shot) + shot)), np.float32)
    floor = np.where(y > HEIGHT_PX * (0.78 + 0.04 * shot), 0.6, 1.0)
    return wall, stripes.astype(np.float32), floor, np.cos(y / HEIGHT_PX).astype(np.float32)


def _paint(canvas: F32, layer: F32, portrait: Portrait, pose: Pose) -> None:
    """Lay a portrait over the canvas, in place."""
    height, width = layer.shape[:2]
    face_x, face_y, face_width = portrait.face
    scale = pose.width / face_width
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - (face_x, face_y)
    nearer = 1.0 + 0.22 * pose.turn * corners[:, 0] / width  # the side turned towards the viewer is larger
    corners[:, 0] *= (1.0 - 0.18 * abs(pose.turn)) * nearer
    corners[:, 1] *= nearer
    angle = np.radians(pose.roll)
    rotation = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    target = scale * corners @ rotation.T + (pose.x, pose.y)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    if scale < 1:  # as a lens would, before pixels are skipped
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.5 * (1 / scale - 1) + 0.05), np.float32)
    drawn = cv2.warpPerspective(layer, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR)
    if pose.blur > 0.05:
        drawn = cv2.GaussianBlur(drawn, (0, 0), pose.blur)
    (left, top), (right, bottom) = target.min(axis=0) - BLUR_REACH_PX, target.max(axis=0) + BLUR_REACH_PX
    reached = np.s_[max(0, int(top)) : max(0, int(bottom)), max(0, int(left)) : max(0, int(right))]
    cover = drawn[reached][:, :, 3:]
    canvas[reached] += cover * (drawn[reached][:, :, :3] * pose.light - canvas[reached])
