"""Propose boxes from one small copy of the picture, where P-Net needs a pyramid of ten sizes.

The net is our own (``train/proposals``), trained by MTCNN. R-Net and O-Net verify its proposals as they verify
P-Net's candidates, so a wrong proposal costs time and adds no false face.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from recognizer.detect.boxes import suppress
from recognizer.protocols import GraphRunner
from recognizer.types import F32, U8

STRIDES_PX = (4, 8, 16, 32)
"""Cells of the net's four grids, in its own picture."""
MULTIPLE_PX = 32
"""The sides of the net's picture are multiples of it."""
LEAST_FACE_PX = 10
"""Side of the smallest face in the net's picture, px."""
THRESHOLD = 0.2
"""Score that a proposal of a fast detection needs."""
FULL_THRESHOLD = 0.1
"""The same for a full detection, which gets some three times as many."""
SAME_FACE = 0.4
"""Intersection over union of two proposals for one face."""


class ProposalNet:
    """Proposes boxes.

    Args:
        net: graph on (1, H, W, 3) BGR pixels giving ``scores`` (1, N) and ``distances`` (1, N, 4).
        min_face_px: side of the smallest face to find.
    """

    def __init__(self, net: GraphRunner, *, min_face_px: float) -> None:
        self._net = net
        self._step = max(1, int(min_face_px / LEAST_FACE_PX))

    def propose(self, image: U8, *, full: bool = False) -> F32:
        """(N, 4) boxes, px of a (H, W, 3) uint8 BGR picture, the likeliest first."""
        small = shrunk(image, self._step)
        outputs = self._net.run(small[None].astype(np.float32))
        scores = outputs["scores"][0]
        likely = np.flatnonzero(scores >= (FULL_THRESHOLD if full else THRESHOLD))
        points = centres(*small.shape[:2])[likely]
        away = outputs["distances"][0][likely]
        boxes = np.concatenate([points - away[:, :2], points + away[:, 2:]], axis=1) * np.float32(self._step)
        return np.asarray(boxes[suppress(boxes, scores[likely], SAME_FACE)], np.float32)


def shrunk(image: U8, step: int) -> U8:
    """The picture, each ``step`` x ``step`` pixels made one, with grey at its right and lower side for the net."""
    height, width = max(1, image.shape[0] // step), max(1, image.shape[1] // step)
    small = image[: height * step, : width * step]  # so that OpenCV's area is the plain mean, which is also its fastest
    while step % 2 == 0:  # halves are faster still: a fourth of 1080p in 1.0 instead of 2.6 ms, at most one level apart
        step //= 2
        small = _smaller(small, width * step, height * step)
    small = _smaller(small, width, height) if step > 1 else small
    below, right = -height % MULTIPLE_PX, -width % MULTIPLE_PX
    padded = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(127, 127, 127))
    return np.asarray(padded, np.uint8)


def _smaller(image: U8, width: int, height: int) -> U8:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@functools.lru_cache(maxsize=16)
def centres(height: int, width: int) -> F32:
    """Centres (N, 2) px of the cells of a picture's four grids, finest first, each by rows."""
    grids = []
    for stride in STRIDES_PX:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        grids.append((np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * stride)
    return np.concatenate(grids).astype(np.float32)
