"""Turn the head in a frontal photo to the side, by the shape of an average head.

The front of a head is taken as half an ellipsoid with a nose. A pixel of the photo is put at its depth, the head is
turned about its vertical axis, and what is nearest to the viewer is seen. What the photo does not show, such as an ear
that comes into view, is the nearest skin or hair that it does. That is a model: it shows which way of cutting faces out
copes with turned ones, not how often a camera's profiles are recognised.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.align import NOSE_DEPTH
from recognizer.geometry import ARCFACE_TEMPLATE, apply_transforms, similarity_transforms
from recognizer.types import F32, U8

HALF_WIDTH, HALF_HEIGHT, HALF_DEPTH = 1.2, 2.0, 1.45
"""Of the ellipsoid, in distances between the eyes, about 63 mm: an adult's head is about 150 mm wide, 190 mm deep, and
250 mm high with the chin. Turned photos of four people looked like photos of people (by eye, up to 75 degrees)."""
_EYES_AT = -0.45
"""Height of the eyes in the ellipsoid, downwards from its middle, the same unit."""
_HEAD_EYES = np.array([0, _EYES_AT], np.float32)
_NOSE_AT, _NOSE_WIDTH, _NOSE_LENGTH = 0.13, 0.17, 0.3
_FINER = 4
"""Points for a pixel along a row, so that the stretched side has no holes."""
SIDE = 7.0
"""Side of the picture that is made, in distances between the eyes."""


class TurnedFace(NamedTuple):
    """A face that was turned."""

    image: U8
    """(S, S, 3) uint8 BGR."""
    landmarks: F32
    """(5, 2) px: where the photo's landmarks are seen now; some of them may be hidden."""


def turn_head(image: U8, landmarks: F32, yaw_deg: float) -> TurnedFace:
    """Turn the face of a frontal photo.

    Args:
        image: (H, W, 3) uint8 BGR.
        landmarks: (5, 2) px of the face to turn.
        yaw_deg: positive turns the nose to the viewer's right.
    """
    eyes_px = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    side = round(SIDE * eyes_px)
    template = (ARCFACE_TEMPLATE - ARCFACE_TEMPLATE[:2].mean(axis=0)) / np.ptp(ARCFACE_TEMPLATE[:2, 0])
    middle = side / 2
    upright = similarity_transforms(landmarks[None], (template + _HEAD_EYES) * eyes_px + middle)
    photo = np.asarray(cv2.warpAffine(image, upright[0], (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    points = (apply_transforms(upright, landmarks[None])[0] - middle) / eyes_px
    seen_at = _seen(points[:, 0], points[:, 1], yaw_deg)[0]
    where, is_head = _source_columns(side, eyes_px, yaw_deg)
    rows = np.repeat(np.arange(side, dtype=np.float32)[:, None], side, axis=1)
    head = cv2.remap(photo, where, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    backdrop = cv2.GaussianBlur(photo, (0, 0), eyes_px / 2)
    mask = cv2.GaussianBlur(is_head.astype(np.float32), (0, 0), eyes_px / 30)
    turned = np.asarray(cv2.blendLinear(head, backdrop, mask, 1 - mask), np.uint8)
    return TurnedFace(turned, np.stack([seen_at, points[:, 1]], axis=1).astype(np.float32) * eyes_px + middle)


def _seen(x: F32, y: F32, yaw_deg: float) -> tuple[F32, F32]:
    """Where points of the head are seen, and how near they are, in distances between the eyes."""
    inside = np.clip(1 - (x / HALF_WIDTH) ** 2 - (y / HALF_HEIGHT) ** 2, 0, 1)
    eyes = HALF_DEPTH * np.sqrt(1 - (0.5 / HALF_WIDTH) ** 2 - (_EYES_AT / HALF_HEIGHT) ** 2)
    tip = NOSE_DEPTH + eyes - HALF_DEPTH * np.sqrt(1 - (_NOSE_AT / HALF_HEIGHT) ** 2)
    length = np.where(y < _NOSE_AT, _NOSE_LENGTH, _NOSE_LENGTH / 3)  # it ends abruptly below its tip
    nose = tip * np.exp(-((x / _NOSE_WIDTH) ** 2) - ((y - _NOSE_AT) / length) ** 2)
    depth = HALF_DEPTH * np.sqrt(inside) + nose
    yaw = np.radians(yaw_deg)
    return (
        np.asarray(x * np.cos(yaw) + depth * np.sin(yaw), np.float32),
        np.asarray(depth * np.cos(yaw) - x * np.sin(yaw), np.float32),
    )


def _source_columns(side: int, eyes_px: float, yaw_deg: float) -> tuple[F32, NDArray[np.bool_]]:
    """For each pixel of the turned picture, the photo's column that is seen there, and whether it is of the head."""
    y = ((np.arange(side) - side / 2) / eyes_px).astype(np.float32)
    x = ((np.arange(side * _FINER) / _FINER - side / 2) / eyes_px).astype(np.float32)
    grid_x, grid_y = np.broadcast_to(x, (side, len(x))), np.broadcast_to(y[:, None], (side, len(x)))
    seen, near = _seen(grid_x, grid_y, yaw_deg)
    rows, columns = np.nonzero((grid_x / HALF_WIDTH) ** 2 + (grid_y / HALF_HEIGHT) ** 2 <= 1)
    place = np.rint(seen[rows, columns] * eyes_px + side / 2).astype(np.int64)
    order = np.argsort(near[rows, columns], kind="stable")  # the nearest is written last
    order = order[(place[order] >= 0) & (place[order] < side)]
    where = np.full((side, side), -1, np.float32)
    where[rows[order], place[order]] = columns[order] / np.float32(_FINER)
    is_head = where >= 0
    across = np.arange(side)
    for row in np.flatnonzero(is_head.any(axis=1)):  # beyond the head: its outermost point
        known = np.flatnonzero(is_head[row])
        where[row] = np.interp(across, known, where[row, known])
        is_head[row, known[0] : known[-1] + 1] = True
    return where, is_head
