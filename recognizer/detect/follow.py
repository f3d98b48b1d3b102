"""Refine the boxes of tracked faces with a small net, in a window around each expected box.

The net is our own (``train/follow``), trained by MTCNN. It does what O-Net does for a third of the cost, and
its window is larger, so that a face that moved by a third of its width is still inside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognizer.detect.boxes import evened
from recognizer.detect.window import windows
from recognizer.protocols import GraphRunner
from recognizer.types import F32, FaceDetections
from recognizer.types.frame import CropSource

WINDOW_PX = 40
REACH = 1.4
"""Side of the window, in sides of the face's box."""


class FollowNet:
    """Finds faces in windows.

    Args:
        net: graph on (B, 40, 40, 3) BGR pixels giving ``scores`` (B,) and ``places`` (B, 14): two corners of the box
            and five landmarks, x and y of each as shares of the window.
    """

    def __init__(self, net: GraphRunner) -> None:
        self._net = net

    def find(self, image: CropSource, boxes: F32) -> FaceDetections:
        """The face about each of (N, 4) boxes of a picture, (H, W, 3) uint8 BGR or planes.

        Returns:
            N rows in the same order, score 0 where no pixel is left.
        """
        if len(boxes) == 0:
            return FaceDetections.empty()
        squares = np.rint(evened(boxes, REACH))  # windows are of whole pixels
        outputs = self._net.run(windows(image, squares.tolist(), WINDOW_PX))
        corners, sides = squares[:, None, :2], (squares[:, 2:] - squares[:, :2])[:, None]
        points = outputs["places"].reshape(-1, 7, 2) * sides + corners
        scores = outputs["scores"] * _inside(boxes, image.shape[1], image.shape[0])
        return FaceDetections(points[:, :2].reshape(-1, 4), scores, np.ascontiguousarray(points[:, 2:]))


def _inside(boxes: F32, width: int, height: int) -> NDArray[np.bool_]:
    """Which of (N, 4) boxes have a pixel in the picture."""
    return np.array([x2 > 1 and y2 > 1 and x1 < width and y1 < height for x1, y1, x2, y2 in boxes.tolist()], bool)
