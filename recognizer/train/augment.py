"""One random view of an aligned face: what a camera, a detector and a codec do to it.

Most views stay mild, because the network must be good on clean faces first; the tail reaches what surveillance video
shows. Teacher and student look at the same view, so that no term asks the student to undo damage that the teacher
could not undo either (Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.types import U8

Rng = np.random.Generator

VERSION = 1
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
    out = _pose(crop, rng)
    if rng.random() < 0.6:
        out = _light(out, rng)
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
    """A face that was only 20 to 70 pixels wide when it was taken."""
    side = crop.shape[0]
    small = int(side * rng.uniform(0.18, 0.63))
    down = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(down, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blur(crop: U8, rng: Rng) -> U8:
    """Out of focus, or moved along a line while the shutter was open."""
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.5, 2.5)), np.uint8)
    length = int(rng.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    ends = [tuple(round(v) for v in (length - 1) / 2 + sign * reach) for sign in (-1, 1)]
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


_DAMAGES = (_small, _small, _blur, _jpeg, _noise, _dark, _small_jpeg)


def _occlude(crop: U8, rng: Rng) -> U8:
    """A flat patch over up to a third of the side: a hand, a mask, a pole."""
    side = crop.shape[0]
    height, width = (int(v) for v in rng.uniform(0.12, 0.36, 2) * side)
    top, left = int(rng.integers(0, side - height)), int(rng.integers(0, side - width))
    out = crop.copy()
    out[top : top + height, left : left + width] = rng.integers(0, 256, 3)
    return out
