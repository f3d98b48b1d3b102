"""FastMTCNN as its notebook describes it, for comparison: boxes are copied between detections, not refined."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognizer.geometry import centres
from recognizer.protocols import Detector
from recognizer.types import F32, U8, DetectionMode, FaceDetections, RefinedFaces
from recognizer.types.frame import CropSource


class StaleBoxes:
    """A detector whose ``refine`` runs no net: it returns the last detected or followed faces."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._last = FaceDetections.empty()

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        """Find the faces as the detector does, and keep those of the last picture."""
        found = self._detector.detect(images, mode)
        self._last = found[-1]
        return found

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """Return the kept face nearest to each of (N, 4) boxes, as if verified; score 0 when there is none."""
        if len(self._last) == 0:
            middle = np.repeat(centres(boxes)[:, None], 5, axis=1)
            nothing = FaceDetections(boxes, np.zeros(len(boxes), np.float32), middle)
            return RefinedFaces.of(nothing, verified=True)
        gaps = np.linalg.norm(centres(boxes)[:, None] - centres(self._last.boxes)[None], axis=2)
        return RefinedFaces.of(self._last[gaps.argmin(axis=1)], verified=True)
