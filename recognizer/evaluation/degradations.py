"""Make pictures worse, one property at a time and by known amounts, to measure which answers survive it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.evaluation.faces import Picture
from recognizer.evaluation.pairs import LOOSE_SHARE
from recognizer.types import U8

_GREY = 96
_MASKS = ((215, 190, 150), (235, 235, 235), (40, 40, 40), (120, 100, 60), (190, 170, 230))
"""BGR: light blue, white, black, dark green, pink."""
_CHEEKS = ((0.55, 0.7), (0.3, 0.7))
"""From where to where in the face's square, downwards and to the right."""
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Degradation:
    """One way to make pictures worse, at several levels."""

    name: str
    unit: str
    levels: tuple[float, ...]
    """From mild to severe."""
    apply: Callable[[U8, float, int], U8]
    """Takes (H, W, 3) uint8 BGR, a level and a seed."""


def degraded(pictures: Sequence[Picture], kind: Degradation, level: float) -> tuple[Picture, ...]:
    """Return the pictures made worse when they are read; their stamps differ from the originals'."""
    return tuple(_degraded(picture, kind, level) for picture in pictures)


def _degraded(picture: Picture, kind: Degradation, level: float) -> Picture:
    stamp = f"{picture.stamp}|{kind.name} {level:g}"
    seed = crc32(picture.name.encode())  # the same in every run
    return Picture(picture.name, stamp, lambda: kind.apply(picture.read(), level, seed))


def _blurred(image: U8, sigma: float, seed: int) -> U8:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _smeared(image: U8, length: float, seed: int) -> U8:
    """Average along a line of random direction, as a moving face is."""
    side = int(length) | 1
    kernel = np.zeros((side, side), np.float32)
    angle = np.random.default_rng(seed).uniform(0, np.pi)
    middle = side // 2
    reach_x, reach_y = middle * np.cos(angle), middle * np.sin(angle)
    ends = [(round(middle + way * reach_x), round(middle + way * reach_y)) for way in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _smaller(image: U8, factor: float, seed: int) -> U8:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def _enlarged(image: U8, factor: float, seed: int) -> U8:
    """Scale down and up again: a digital zoom."""
    small = _smaller(image, factor, seed)
    return np.asarray(cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _compressed(image: U8, quality: float, seed: int) -> U8:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _noisy(image: U8, deviation: float, seed: int) -> U8:
    noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + deviation * noise), 0, 255).astype(np.uint8)


def _dark(image: U8, factor: float, seed: int) -> U8:
    """Darken and add a sensor's noise (deviation 2 grey levels), which darkness does not lessen."""
    noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return np.asarray(np.clip(np.rint(image * np.float32(factor) + 2 * noise), 0, 255), np.uint8)


def _lower_covered(image: U8, share: float, seed: int) -> U8:
    """Cover the lower part of the face's square by grey, as a mask or a hand does."""
    left, top, side = _face_square(image)
    covered = image.copy()
    covered[round(top + (1 - share) * side) : round(top + side), round(left) : round(left + side)] = _GREY
    return covered


def _side_covered(image: U8, share: float, seed: int) -> U8:
    """Cover the left part of the face's square by grey, as a post or another head does."""
    left, top, side = _face_square(image)
    covered = image.copy()
    covered[round(top) : round(top + side), round(left) : round(left + share * side)] = _GREY
    return covered


def _masked(image: U8, share: float, seed: int) -> U8:
    """Put a mask with folds, in one of the usual colours, over the lower part of the face's square."""
    left, top, side = _face_square(image)
    random = np.random.default_rng(seed)
    colour = np.array(_MASKS[int(random.integers(len(_MASKS)))], np.float32)
    upper, chin, middle = top + (1 - share) * side, top + 0.98 * side, left + side / 2
    reach = side * 0.42
    outline = [
        *((middle + reach * x, upper + 0.12 * side * x * x) for x in np.linspace(-1, 1, 9)),
        *((middle + reach * x, chin - 0.3 * side * x * x) for x in np.linspace(0.9, -0.9, 9)),
    ]
    cover = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.rint(np.array(outline)).astype(np.int32)], 255)
    rows = np.arange(image.shape[0], dtype=np.float32)[:, None, None]
    folds = 1 - 0.08 * np.cos(2 * np.pi * (rows - np.float32(upper)) / np.float32(0.11 * side))
    across = np.abs(np.arange(image.shape[1], dtype=np.float32) - np.float32(middle))[None, :, None] / np.float32(side)
    cloth = np.clip(colour * folds * (1 - 0.6 * across), 0, 255)
    return _over(image, cloth.astype(np.uint8), cover, blur=side / 100)


def _behind_hand(image: U8, share: float, seed: int) -> U8:
    """Lay a palm and four fingers in the face's colour over the face's square, from below or a side."""
    left, top, side = _face_square(image)
    random = np.random.default_rng(seed)
    cheek = image[
        round(top + 0.55 * side) : round(top + 0.7 * side), round(left + 0.3 * side) : round(left + 0.7 * side)
    ]
    skin = cheek.reshape(-1, 3).mean(axis=0) * random.uniform(0.75, 1.1)
    width = share**0.5 * side  # of a hand that covers about that share
    angle = random.choice([0.0, 0.6, -0.6])  # upright, or leaning to a side
    centre = np.array([left + side / 2 + np.sin(angle) * side * 0.2, top + side * (1 - share / 2)])
    cover, shade = np.zeros(image.shape[:2], np.uint8), np.full(image.shape[:2], 255, np.uint8)
    along, across = np.array([np.sin(angle), -np.cos(angle)]), np.array([np.cos(angle), np.sin(angle)])
    tilt = float(np.degrees(angle))

    def oval(at: F64, wide: float, high: float) -> None:
        axes = (round(wide / 2), round(high / 2))
        cv2.ellipse(cover, np.rint(at).astype(int).tolist(), axes, tilt, 0, 360, 255, -1)
        cv2.ellipse(shade, np.rint(at).astype(int).tolist(), axes, tilt, 0, 360, 170, max(1, round(side / 60)))

    oval(centre + along * -0.25 * width, width, 0.9 * width)
    for finger in range(4):
        oval(centre + across * (finger - 1.5) * width / 4 + along * 0.3 * width, width / 4, 0.9 * width)
    noise = random.normal(0, 4, (*image.shape[:2], 1))
    hand = np.clip(skin * (cv2.GaussianBlur(shade, (0, 0), side / 60)[:, :, None] / 255) + noise, 0, 255)
    return _over(image, hand.astype(np.uint8), cover, blur=side / 100)


def _over(image: U8, cover: U8, where: U8, *, blur: float) -> U8:
    share = cv2.GaussianBlur(where.astype(np.float32) / 255, (0, 0), blur)
    return np.asarray(cv2.blendLinear(cover, image, share, 1 - share), np.uint8)


def _beyond_edge(image: U8, share: float, seed: int) -> U8:
    """Cut the picture so that this share of the face's square lies beyond its left or right edge."""
    left, _, side = _face_square(image)
    start = round(left + share * side)
    kept = image[:, start:] if seed % 2 else image[:, : image.shape[1] - start]
    return np.ascontiguousarray(kept)


def _face_square(image: U8) -> tuple[float, float, float]:
    """Left, top and side of the square in the middle that holds the face in LFW, px."""
    height, width = image.shape[:2]
    side = LOOSE_SHARE * min(height, width)
    return width / 2 - side / 2, height / 2 - side / 2, side


DEGRADATIONS = (
    Degradation("blur", "sigma, px", (1, 2, 3, 4, 6, 8), _blurred),
    Degradation("motion blur", "length, px", (5, 9, 15, 21), _smeared),
    Degradation("smaller", "scale", (0.6, 0.45, 0.35, 0.28, 0.22), _smaller),
    Degradation("enlarged", "scale before", (0.45, 0.35, 0.25, 0.18, 0.12), _enlarged),
    Degradation("JPEG", "quality", (30, 15, 8, 4), _compressed),
    Degradation("noise", "deviation, grey levels", (10, 25, 50, 80), _noisy),
    Degradation("dark", "brightness", (0.3, 0.1, 0.05, 0.02), _dark),
    Degradation("lower face covered", "share", (0.25, 0.4, 0.5, 0.6), _lower_covered),
    Degradation("one side covered", "share", (0.3, 0.4, 0.5, 0.6), _side_covered),
    Degradation("mask", "share of the height", (0.4, 0.5, 0.6, 0.7), _masked),
    Degradation("hand", "share", (0.2, 0.35, 0.5, 0.65), _behind_hand),
    Degradation("beyond the edge", "share", (0.3, 0.4, 0.5, 0.6), _beyond_edge),
)
