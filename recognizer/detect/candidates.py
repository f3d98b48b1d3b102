"""Candidates of a detection over several pictures: crops, batches, and what the nets' outputs mean in pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recognizer.detect.area import AreaSampler
from recognizer.detect.boxes import pixel_corners
from recognizer.detect.window import WindowSampler
from recognizer.protocols import GraphRunner
from recognizer.types import F32, I64, FaceDetections

BATCH = 64
"""Crops in one run of a net: with more, the time for each grows, as its activations leave the cache."""
SEARCH_REACH = 0.35
"""How far around it, in sides of the box."""

Sampler = AreaSampler | WindowSampler


def joined(found: Sequence[F32]) -> tuple[F32, I64]:
    """The (N, 4) boxes of all pictures, and the (N,) number of each one's picture."""
    owner = np.repeat(np.arange(len(found)), [len(boxes) for boxes in found])
    return np.concatenate([*found, no_rows(4)]), owner


def per_picture(owner: I64, pick: Callable[[I64], I64]) -> I64:
    """Apply ``pick`` to the rows of each picture; the rows kept, in the pictures' order."""
    kept = [rows[pick(rows)] for rows in (np.flatnonzero(owner == picture) for picture in np.unique(owner))]
    return np.concatenate([*kept, np.zeros(0, np.int64)])


def cut_all(samplers: Sequence[Sampler], boxes: F32, owner: I64, size: int) -> tuple[F32, I64]:
    """Crops of all boxes that have pixels, (M, size, size, 3), and their (M,) rows, in the pictures' order."""
    crops, rows = [np.zeros((0, size, size, 3), np.float32)], [np.zeros(0, np.int64)]
    for picture, sampler in enumerate(samplers):
        mine = np.flatnonzero(owner == picture)
        corners, inside = pixel_corners(boxes[mine], sampler.width, sampler.height)
        crops.append(sampler.crops(corners[inside], size))
        rows.append(mine[inside])
    return np.concatenate(crops), np.concatenate(rows)


def run_in_batches(net: GraphRunner, crops: F32) -> dict[str, F32]:
    """Run a net on (N, S, S, 3) crops, BATCH at a time; N may be 0."""
    if len(crops) == 0:
        return {"scores": no_rows(), "offsets": no_rows(4), "landmarks": no_rows(10)}
    if len(crops) <= BATCH:
        return dict(net.run(crops))
    parts = [net.run(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def put_rows(faces: FaceDetections, rows: I64, others: FaceDetections) -> None:
    """Put other faces in the place of some rows."""
    faces.boxes[rows], faces.scores[rows], faces.landmarks[rows] = others.boxes, others.scores, others.landmarks


def shifts_around(squares: F32) -> F32:
    """The eight places around each of (N, 4) squares: (N, 8, 4) px to add."""
    steps = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]
    sides = (squares[:, 2] - squares[:, 0])[:, None, None] * np.float32(SEARCH_REACH)
    return np.asarray(np.array(steps, np.float32)[None, :, [0, 1, 0, 1]] * sides, np.float32)


def no_rows(*sides: int) -> F32:
    """An array without rows, of the given further sides."""
    return np.zeros((0, *sides), np.float32)


def regressed(boxes: F32, offsets: F32) -> F32:
    """Boxes moved by a net's offsets, which are shares of a side counted inclusively."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + (offsets.reshape(-1, 2, 2) * sides[:, None]).reshape(-1, 4)


def landmarks_px(boxes: F32, shares: F32) -> F32:
    """O-Net's (N, 10) shares of the box, five x then five y, as (N, 5, 2) px."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = shares.reshape(-1, 2, 5) * sides[:, :, None] + (boxes[:, :2, None] - 1)
    return np.ascontiguousarray(points.transpose(0, 2, 1))
