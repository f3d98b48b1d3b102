"""MTCNN's box arithmetic, as facenet-pytorch's ``detect_face.py`` has it: squares, whole pixels, overlaps removed."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from recognizer.types import F32, I64


def squared(boxes: F32) -> F32:
    """Grow the shorter side of (N, 4) boxes about its middle."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True, initial=0)
    corner = boxes[:, :2] + sides * 0.5 - longest * 0.5
    return np.concatenate([corner, corner + longest], axis=1).astype(np.float32)


def evened(boxes: F32, reach: float = 1.0) -> F32:
    """Squares about the middle of (N, 4) boxes with ``reach`` times their mean side.

    O-Net fed with its own answer so squared gives back the same size (ratio 0.99 to 1.00 on three clips) and loses no
    face from one frame to the next; squared by the longer side it grows and loses one in 150.
    """
    return np.asarray(boxes @ _evening(reach), np.float32)


@functools.cache
def _evening(reach: float) -> F32:
    """What boxes are multiplied by: a corner is half of both, and a share of how far the other lies from it."""
    out = np.array([-1, -1, 1, 1])
    return np.asarray(np.tile(np.eye(2), (2, 2)) / 2 + reach / 4 * out[:, None] * out, np.float32)


def pixel_corners(boxes: F32, width: int, height: int) -> tuple[I64, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Whole pixels of (N, 4) boxes, counted as facenet-pytorch does; a box may reach beyond the picture.

    facenet-pytorch clips here, and the nets then see a stretched part of a face; samplers fill with grey instead.

    Returns:
        (N, 4) int64 with x2, y2 past the last pixel, and (N,) bool, False where no pixel is in the picture.
    """
    if not np.isfinite(boxes).all():
        boxes = np.nan_to_num(boxes, nan=0.0, posinf=1e6, neginf=-1e6)
    corners = np.floor(boxes).astype(np.int64)
    corners[:, :2] -= 1
    left, top, right, bottom = corners.T
    some = (right > left) & (bottom > top)
    return corners, some & (right > 0) & (bottom > 0) & (left < width) & (top < height)


def suppress(boxes: F32, scores: F32, threshold: float) -> I64:
    """Greedy non-maximum suppression by intersection over union; indices kept, best first."""
    if len(boxes) == 0:
        return np.zeros(0, np.int64)
    rectangles = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float64)
    keep = cv2.dnn.NMSBoxes(rectangles, scores, 0.0, threshold)  # type: ignore[arg-type]
    return np.asarray(keep, np.int64).reshape(-1)


def suppress_nested(boxes: F32, scores: F32, threshold: float) -> I64:
    """The same by intersection over the smaller box, sides counted inclusively, as MTCNN's last step does."""
    order = np.argsort(scores)[::-1]
    keep = []
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    area = sides[:, 0] * sides[:, 1]
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        overlap = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2]) + 1
        shared = np.maximum(overlap, 0).prod(axis=1)
        order = rest[shared / np.minimum(area[best], area[rest]) <= threshold]
    return np.array(keep, np.int64)
