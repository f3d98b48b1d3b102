"""Detect faces in single photos, where there is time for a second pass."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import TooManyFacesError
from recognizer.gallery.upright import SEARCH_SIDE_PX
from recognizer.protocols import Detector
from recognizer.types import F32, U8, DetectionMode, FaceDetections, RefinedFaces
from recognizer.types.frame import CropSource

SIDE_PX = SEARCH_SIDE_PX
"""Larger pictures are scaled down to this longer side first: a portrait's face is large (gallery/README.md)."""
WHOLE_PX = 4_000_000
"""Width times height in which a larger picture without a face is searched once more: 110 MB for exact MTCNN, which
takes 27 bytes for each pixel."""
MAX_FACES = 150
"""Of one picture. With them, detection and embedding take some 2 s on two cores (docs/measurements.md)."""
MAX_CANDIDATES = 3000
"""Of P-Net's, in one search: 19 for each face of a wall of faces, 65 for each of a street."""
SURE_SCORE = 0.9
"""Faces with a lower score are dropped when there is a better one."""
GREY = (127, 127, 127)


class PictureDetector:
    """A detector for pictures of any size: a face may fill the picture, or be small in a huge one."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        """Find the faces of each (H, W, 3) uint8 BGR picture, always with exact MTCNN; search again where none is.

        Raises:
            TooManyFacesError: if a picture has more than ``MAX_FACES``.
        """
        return [self._find(image) for image in images]

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """Refine as the detector does."""
        return self._detector.refine(image, boxes, verify)

    def _find(self, image: U8) -> FaceDetections:
        longest = max(image.shape[:2])
        scale = min(1.0, SIDE_PX / longest)
        faces = self._detect_scaled(image, scale=scale, border=0)
        if len(faces) == 0:  # a face that fills the picture needs a border, and no fine detail
            smaller = min(0.5, SIDE_PX / 2 / longest) if longest > 400 else 1.0
            faces = self._detect_scaled(image, scale=smaller, border=0.5)
        if len(faces) == 0 and scale < 1:
            whole = min(1.0, (WHOLE_PX / image.shape[0] / image.shape[1]) ** 0.5)
            if whole > scale:
                faces = self._detect_scaled(image, scale=whole, border=0)
        if len(faces) > MAX_FACES:
            raise TooManyFacesError(
                f"it shows {len(faces)} faces, at most {MAX_FACES} are searched; cut it into parts."
            )
        sure = faces.scores >= SURE_SCORE
        return faces[sure] if sure.any() else faces

    def _detect_scaled(self, image: U8, *, scale: float, border: float) -> FaceDetections:
        """Detect in a scaled picture with a border, a share of the shorter side, and bring the faces back."""
        view = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        edge = int(border * min(view.shape[:2]))
        if edge:
            # Of 68 LFW faces cut to 0.7 times their box: 9 found bare, 66 with this grey, 58 with the edge repeated.
            view = cv2.copyMakeBorder(view, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=GREY)
        faces = self._detector.detect([np.ascontiguousarray(view, np.uint8)])[0]
        factor = np.float32(1 / scale)
        return FaceDetections((faces.boxes - edge) * factor, faces.scores, (faces.landmarks - edge) * factor)
