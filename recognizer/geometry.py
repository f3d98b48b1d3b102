"""Boxes, overlaps, unit vectors, turns and the five-point transform: pure NumPy.

Boxes are (N, 4) float32 ``x1, y1, x2, y2`` in pixels. Landmarks are (N, 5, 2) float32 in pixels: left eye, right eye,
nose, left mouth corner, right mouth corner, left and right as the viewer sees them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""One box in plain floats. NumPy would spend twenty times as long on its four numbers."""

ARCFACE_TEMPLATE: F32 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Where the five landmarks belong in a 112 x 112 crop (InsightFace, ``face_align.py``)."""


def unit(vector: NDArray[np.floating[Any]]) -> F32:
    """Scale a vector (D,) to unit length, float32; a vector of zeros stays one."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)


def unit_rows(vectors: NDArray[np.floating[Any]]) -> F32:
    """Scale each row of (N, D) to unit length, float32; a row of zeros stays one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def turned(image: U8, turned_deg: int) -> U8:
    """Turn a picture (H, W, ...) clockwise by 0, 90, 180 or 270 degrees; not copied where nothing is turned."""
    return np.ascontiguousarray(np.rot90(image, -turned_deg // 90)) if turned_deg else image


def area(boxes: F32) -> F32:
    """Area of each box, (N,) px^2; an inverted box has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def intersection(a: F32, b: F32) -> F32:
    """Shared area of every box of ``a`` (N, 4) with every box of ``b`` (M, 4): (N, M) px^2."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def iou(a: F32, b: F32) -> F32:
    """Intersection over union of every box of ``a`` (N, 4) with every box of ``b`` (M, 4): (N, M) in [0, 1]."""
    inter = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - inter
    return np.asarray(inter / np.maximum(union, 1e-9), np.float32)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, as ``iou`` has it for many."""
    shared = _shared(a, b)
    return shared / (_size(a) + _size(b) - shared) if shared else 0.0


def share_of_smaller(a: Box, b: Box) -> float:
    """Intersection over the smaller of two boxes."""
    shared = _shared(a, b)
    return shared / min(_size(a), _size(b)) if shared else 0.0


def _shared(a: Box, b: Box) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    return across * down if across > 0 and down > 0 else 0.0


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def centres(boxes: F32) -> F32:
    """Middle of each box, (N, 2) px."""
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2, np.float32)


def clip(boxes: F32, *, width: int, height: int) -> F32:
    """Boxes cut to the picture, (N, 4)."""
    limits = np.array([width, height, width, height], np.float32)
    return np.asarray(np.clip(boxes, 0, limits), np.float32)


def similarity_transforms(landmarks: F32, template: F32 = ARCFACE_TEMPLATE) -> F32:
    """Best rotation, scale and shift of each face's landmarks onto the template, least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", TPAMI 1991. In the
    plane and without reflection it has a closed form: with centred points as complex numbers p and q, the factor is
    sum(conj(p) q) / sum(|p|^2).

    Args:
        landmarks: (N, P, 2) points in the picture, px.
        template: (P, 2) points in the crop, px.

    Returns:
        (N, 2, 3) matrices that map picture points to crop points. Points that all coincide give a pure shift.
    """
    points = landmarks.astype(np.float64)
    source = points[..., 0] + 1j * points[..., 1]
    target = template[:, 0].astype(np.float64) + 1j * template[:, 1].astype(np.float64)
    source_mean = source.mean(axis=1, keepdims=True)
    target_mean = target.mean()
    spread = (np.abs(source - source_mean) ** 2).sum(axis=1)
    turn = (np.conj(source - source_mean) * (target - target_mean)).sum(axis=1)
    factor = np.where(spread > 1e-9, turn / np.maximum(spread, 1e-9), 1.0)
    shift = target_mean - factor * source_mean[:, 0]
    rows = np.empty((len(points), 2, 3), np.float32)
    rows[:, 0] = np.stack([factor.real, -factor.imag, shift.real], axis=1)
    rows[:, 1] = np.stack([factor.imag, factor.real, shift.imag], axis=1)
    return rows


def apply_transforms(matrices: F32, points: F32) -> F32:
    """Map (N, P, 2) points by (N, 2, 3) matrices."""
    return np.asarray(np.einsum("nij,npj->npi", matrices[:, :, :2], points) + matrices[:, None, :, 2], np.float32)


def assignment(gain: NDArray[np.floating]) -> NDArray[np.int64]:
    """Pair rows with columns, one to one, for the largest sum: the Hungarian method, by shortest augmenting paths.

    Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems",
    Computing 1987. SciPy's ``linear_sum_assignment`` does the same, and takes half a second to import.

    Args:
        gain: (N, M) what each pair is worth.

    Returns:
        (min(N, M), 2) row and column of each pair, rows ascending.
    """
    if gain.shape[0] > gain.shape[1]:
        pairs = assignment(gain.T)[:, ::-1]
        return pairs[np.argsort(pairs[:, 0])]
    count, width = gain.shape
    cost = -gain.astype(np.float64)
    of_row, of_column = np.zeros(count), np.zeros(width)
    owner = np.full(width, -1)
    for row in range(count):
        distance, before = np.full(width, np.inf), np.full(width, -1)
        done = np.zeros(width, bool)
        reached, at, column = 0.0, row, -1
        while True:  # the nearest column that is free, by way of columns that are taken
            through = np.where(done, np.inf, reached + cost[at] - of_row[at] - of_column)
            shorter = through < distance
            distance[shorter], before[shorter] = through[shorter], column
            column = int(np.where(done, np.inf, distance).argmin())
            reached = distance[column]
            if owner[column] < 0:
                break
            done[column], at = True, owner[column]
        of_row[row] += reached
        of_row[owner[done]] += reached - distance[done]
        of_column[done] -= reached - distance[done]
        while column >= 0:
            last = before[column]
            owner[column] = row if last < 0 else owner[last]
            column = last
    columns = np.flatnonzero(owner >= 0)
    return np.stack([owner[columns], columns], axis=1)[np.argsort(owner[columns])]
