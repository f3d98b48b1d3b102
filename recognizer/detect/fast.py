"""FastMTCNN as its notebook describes it, for comparison: between detections the boxes are copied, not corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.geometry import centres
from recognizer.protocols import Detector
from recognizer.types import F32, U8, FaceDetections
from recognizer.types.frame import CropSource


class StaleBoxes:
    """A detector whose ``refine`` looks at nothing: it gives back the last faces that were detected or followed."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._last = FaceDetections.empty()

    def detect(self, images: Sequence[U8]) -> list[FaceDetections]:
        """Find all faces; the last picture's are remembered."""
        return self._kept(self._detector.detect(images))

    def glance(self, images: Sequence[U8], *, thorough: bool = False) -> list[FaceDetections]:
        """As the detector does; the last picture's are remembered."""
        return self._kept(self._detector.glance(images, thorough=thorough))

    def refine(self, image: CropSource, boxes: F32, judge: NDArray[np.bool_] | None = None) -> FaceDetections:
        """The remembered face nearest to each of (N, 4) boxes; score 0 when there is none."""
        if len(self._last) == 0:
            middle = np.repeat(centres(boxes)[:, None], 5, axis=1)
            return FaceDetections(boxes, np.zeros(len(boxes), np.float32), middle)
        gaps = np.linalg.norm(centres(boxes)[:, None] - centres(self._last.boxes)[None], axis=2)
        return self._last[gaps.argmin(axis=1)]

    def _kept(self, found: list[FaceDetections]) -> list[FaceDetections]:
        self._last = found[-1]
        return found
