"""One random view of an aligned face: what a camera, a detector and a codec do to it.

Most views stay mild, because the network must be good on clean faces first; the tail reaches what surveillance video
shows. Teacher and student embed the same view, so that no term asks the student to undo damage that the teacher
could not undo either (Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from recognizer.geometry import ARCFACE_TEMPLATE, similarity_transforms
from recognizer.types import CROP_SIZE_PX, F32, U8

Rng = np.random.Generator
Damage = Callable[[U8, Rng], U8]
"""From a crop (S, S, 3) to a new one."""

EYES_PX = float(ARCFACE_TEMPLATE[1, 0] - ARCFACE_TEMPLATE[0, 0])
"""Between the eyes of an aligned face of 112 px."""

VERSION = 2
"""Raise it when a change makes other views from the same seed: cached teacher vectors belong to one version."""


def view(crop: U8, *, seed: int, row: int, number: int) -> U8:
    """View ``number`` of the crop in ``row``: the same every time for the same seed.

    Args:
        crop: (S, S, 3) RGB; it is not changed.
        seed: of the whole training.
        row: of the crop in the data, part of the random stream.
        number: which of the crop's views, part of the random stream.

    Returns:
        (S, S, 3) RGB, a new array.
    """
    rng = np.random.default_rng((seed, row, number))
    out = _profile(crop, rng) if rng.random() < 0.15 else crop
    out = _pose(out, rng)
    if rng.random() < 0.6:
        out = _light(out, rng)
    if rng.random() < 0.1:
        out = _edge(out, rng)
    if rng.random() < 0.4:
        out = _DAMAGES[int(rng.integers(len(_DAMAGES)))](out, rng)
    if rng.random() < 0.1:
        out = _occlude(out, rng)
    return np.ascontiguousarray(out)


def _pose(crop: U8, rng: Rng) -> U8:
    """Mirror, and the errors that a detector's five points make: turn, scale, shift and a little stretch."""
    side = crop.shape[0]
    flip = -1.0 if rng.random() < 0.5 else 1.0
    spread = 0.3 if rng.random() < 0.3 else 1.0
    turn = np.deg2rad(rng.normal(0, 5)) * spread
    scale = np.exp(rng.normal(0, 0.05) * spread)
    stretch = np.exp(rng.normal(0, 0.03) * spread)
    shear = rng.normal(0, 0.03) * spread
    shift = rng.normal(0, 0.02 * side, 2) * spread
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = rotation @ np.array([[stretch * flip, shear], [0, 1 / stretch]])
    middle = np.full(2, (side - 1) / 2)
    matrix = np.column_stack([linear, middle + shift - linear @ middle])
    return np.asarray(cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def _profile(crop: U8, rng: Rng) -> U8:
    """Turn the head by 15 to 40 degrees about the axis through its nose, and align it again by its landmarks.

    The head is a parabolic cylinder. At 40 degrees its far side is still seen everywhere, so columns only move.
    """
    side = crop.shape[0]
    scale = side / CROP_SIZE_PX
    yaw = np.deg2rad(rng.uniform(15, 40)) * (1.0 if rng.random() < 0.5 else -1.0)
    landmarks = np.asarray(ARCFACE_TEMPLATE * scale, np.float32)
    middle = float(landmarks[:, 0].mean())
    columns = np.arange(-side, 2 * side, dtype=np.float32)
    turned = _turned(np.asarray(columns - middle, np.float32), yaw, scale) + middle
    seen = landmarks.copy()
    seen[:, 0] = _turned(np.asarray(landmarks[:, 0] - middle, np.float32), yaw, scale) + middle
    matrix = cv2.invertAffineTransform(similarity_transforms(seen[None], landmarks)[0])
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    across = np.interp(matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2], turned, columns).astype(np.float32)
    down = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]).astype(np.float32)
    out = cv2.remap(crop, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(out, np.uint8)


def _turned(x: F32, yaw: float, scale: float) -> F32:
    """Where points of the head ``x`` px beside its axis are seen when it is turned by ``yaw`` radians."""
    radius, depth = 56.0 * scale, 28.0 * scale  # half a crop wide, half as deep
    inside = np.clip(x / radius, -1, 1)
    return np.asarray(x * np.cos(yaw) + depth * (1 - inside**2) * np.sin(yaw), np.float32)


def _edge(crop: U8, rng: Rng) -> U8:
    """A face at the picture's edge, or in a photo cut to the face: black or grey where there is no picture."""
    side = crop.shape[0]
    count = int(rng.choice((1, 2, 4), p=(0.5, 0.25, 0.25)))
    first = int(rng.integers(4))
    turn = np.deg2rad(rng.normal(0, 6))
    y, x = np.mgrid[0:side, 0:side] - (side - 1) / 2
    outside = np.zeros((side, side), np.bool_)
    for number in range(first, first + count):
        angle = turn + number * np.pi / 2
        depth = rng.uniform(0.03, 0.15 if count == 4 else 0.35) * side
        outside |= x * np.cos(angle) + y * np.sin(angle) > side / 2 - depth
    out = crop.copy()
    out[outside] = 0 if rng.random() < 0.7 else 128
    return out


def _light(crop: U8, rng: Rng) -> U8:
    """Brightness, contrast, gamma and colour cast by one table a channel; sometimes less colour or none."""
    ramp = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.normal(0, 0.25))
    gains = np.exp(rng.normal(0, 0.05, 3) + rng.normal(0, 0.15))
    table = (ramp - 0.5) * np.exp(rng.normal(0, 0.2)) + 0.5 + rng.normal(0, 0.06)
    table = np.clip(table * gains * 255, 0, 255).astype(np.uint8)
    out = cv2.LUT(crop, table.reshape(1, 256, 3))
    if rng.random() < 0.2:
        colour = 0.0 if rng.random() < 0.4 else rng.uniform(0.2, 0.8)
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        out = cv2.addWeighted(out, colour, grey, 1 - colour, 0)
    return np.asarray(out, np.uint8)


def _small(crop: U8, rng: Rng) -> U8:
    """A face that had 6 to 30 px between its eyes when it was taken, averaged or picked by the camera."""
    side = crop.shape[0]
    small = max(8, int(side * rng.uniform(6, 30) / EYES_PX))
    shrink, grow = (cv2.INTER_AREA, cv2.INTER_LINEAR)[rng.random() < 0.3], (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    down = cv2.resize(crop, (small, small), interpolation=shrink)
    return np.asarray(cv2.resize(down, (side, side), interpolation=grow[rng.random() < 0.3]), np.uint8)


def _blur(crop: U8, rng: Rng) -> U8:
    """Out of focus (Gaussian, or the lens's disc), or moved along a line while the shutter was open."""
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.5, 3.0)), np.uint8)
    length = int(rng.integers(3, 14))
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    if kind == 1:
        y, x = np.mgrid[0:length, 0:length] - middle
        kernel[np.hypot(x, y) <= max(middle, 1) * 0.75 + 0.01] = 1.0
    else:
        angle = rng.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * middle
        ends = [tuple(round(v) for v in middle + sign * reach) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0)
    return np.asarray(cv2.filter2D(crop, -1, kernel / kernel.sum()), np.uint8)


def _jpeg(crop: U8, rng: Rng) -> U8:
    _, code = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 70))])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)


def _noise(crop: U8, rng: Rng) -> U8:
    noise = rng.standard_normal(crop.shape, np.float32) * rng.uniform(3, 16)
    return np.asarray(np.clip(crop + noise, 0, 255), np.uint8)


def _dark(crop: U8, rng: Rng) -> U8:
    """Night: little light, raised gain, hence noise; then the codec."""
    dim = crop.astype(np.float32) * rng.uniform(0.25, 0.6)
    return _jpeg(_noise(np.asarray(dim, np.uint8), rng), rng)


def _small_jpeg(crop: U8, rng: Rng) -> U8:
    return _jpeg(_small(crop, rng), rng)


_DAMAGES: tuple[Damage, ...] = (_small, _small, _blur, _blur, _jpeg, _noise, _dark, _small_jpeg)


def _occlude(crop: U8, rng: Rng) -> U8:
    """A flat patch over up to a third of the side: a hand, a mask, a pole."""
    side = crop.shape[0]
    height, width = (int(v) for v in rng.uniform(0.12, 0.36, 2) * side)
    top, left = int(rng.integers(0, side - height)), int(rng.integers(0, side - width))
    out = crop.copy()
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return out
