"""Where did a face go? One look at a small window about the place where it should be.

The net is our own (``train/follow``), taught by MTCNN. It does for faces that are known what O-Net does, for a tenth of
the cost, and sees more of their surroundings, so that a face that moved by a third of its width is still in view. It
answers the same for candidates: is it a face, and where exactly?
"""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.detect.boxes import evened
from recognizer.protocols import GraphRunner
from recognizer.types import F32, U8, FaceDetections

WINDOW_PX = 48
REACH = 1.4
"""Side of the window, in sides of the face's box."""
AGAIN_REACH = 2.0
AGAIN_BELOW = 0.5
"""Score below which a wider window is looked at as well."""
COARSEST = 1.5
"""Pixels of the picture for one of the window, at most; of larger faces every n-th pixel is taken."""
GREY = (127, 127, 127)
"""What is seen outside the picture."""


class FollowNet:
    """Finds faces in windows.

    Args:
        net: graph on (B, 48, 48, 3) BGR pixels giving ``scores`` (B,) and ``places`` (B, 14): two corners of the box
            and five landmarks, x and y of each as shares of the window.
    """

    def __init__(self, net: GraphRunner) -> None:
        self._net = net

    def find(self, image: U8, boxes: F32) -> FaceDetections:
        """The face about each of (N, 4) boxes of a (H, W, 3) uint8 BGR picture: N rows in the same order."""
        faces = self._look(image, boxes, REACH)
        weak = np.flatnonzero(faces.scores < AGAIN_BELOW)
        if len(weak):
            wider = self._look(image, boxes[weak], AGAIN_REACH)
            better = wider.scores > faces.scores[weak]
            into, found = weak[better], wider[better]
            faces.boxes[into], faces.scores[into], faces.landmarks[into] = found.boxes, found.scores, found.landmarks
        return faces

    def _look(self, image: U8, boxes: F32, reach: float) -> FaceDetections:
        if len(boxes) == 0:
            return FaceDetections.empty()
        squares = windows(boxes, reach)
        outputs = self._net.run(np.stack([window(image, square) for square in squares]).astype(np.float32))
        corner, side = squares[:, None, :2], (squares[:, 2] - squares[:, 0])[:, None, None]
        points = outputs["places"].reshape(-1, 7, 2) * side + corner
        return FaceDetections(points[:, :2].reshape(-1, 4), outputs["scores"], np.ascontiguousarray(points[:, 2:]))


def windows(boxes: F32, reach: float) -> F32:
    """Squares about the middle of (N, 4) boxes, ``reach`` times as large as they: (N, 4) px."""
    squares = evened(boxes)
    margin = (squares[:, 2] - squares[:, 0])[:, None] * np.float32((reach - 1) / 2)
    return np.concatenate([squares[:, :2] - margin, squares[:, 2:] + margin], axis=1)


def window(image: U8, square: F32, side_px: int = WINDOW_PX) -> U8:
    """What a picture shows in a square: (side_px, side_px, 3), grey where the picture ends.

    Args:
        image: (H, W, 3) uint8.
        square: (4,) x1, y1, x2, y2 px; not rounded, so that the window moves as smoothly as the face.
        side_px: of the window.
    """
    left, top, right, bottom = (float(edge) for edge in square)
    step = max(1, int((right - left) / (COARSEST * side_px)))
    if step > 1:  # OpenCV's linear interpolation sees four pixels: give it a picture about as coarse as the window
        x1, y1 = max(int(left), 0), max(int(top), 0)
        image = np.ascontiguousarray(
            image[y1 : max(int(bottom) + step, 0) : step, x1 : max(int(right) + step, 0) : step]
        )
        left, top, right = (left - x1) / step, (top - y1) / step, (right - x1) / step
    if image.size == 0:
        return np.full((side_px, side_px, 3), GREY, np.uint8)
    scale = max(right - left, 1e-3) / side_px
    half = scale / 2 - 0.5 / step  # from an edge to the middle of the first pixel
    matrix = np.array([[scale, 0, left + half], [0, scale, top + half]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, matrix, (side_px, side_px), flags=flags, borderValue=GREY), np.uint8)
