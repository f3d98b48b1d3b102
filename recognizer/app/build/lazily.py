"""Detector and embedding model that are loaded when they are first used: most starts have no new photo to measure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from recognizer.app.build.detectors import photo_detector
from recognizer.app.build.embedders import embedder
from recognizer.app.config import Settings
from recognizer.models.resolve import ResolvedModel
from recognizer.protocols import Detector, Embedder
from recognizer.types import F32, U8, AlignedFaces, DetectionMode, Embeddings, FaceDetections, RefinedFaces
from recognizer.types.frame import CropSource


class LazyPhotoDetector:
    """The detector for photos.

    Args:
        settings: what it is built by.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def detect(self, images: Sequence[U8], mode: DetectionMode = DetectionMode.EXACT) -> list[FaceDetections]:
        """See ``protocols.Detector``; raises ``EngineError`` if it cannot be loaded."""
        return self._loaded.detect(images, mode)

    def refine(self, image: CropSource, boxes: F32, verify: NDArray[np.bool_] | None = None) -> RefinedFaces:
        """See ``protocols.Detector``; raises ``EngineError`` if it cannot be loaded."""
        return self._loaded.refine(image, boxes, verify)

    @cached_property
    def _loaded(self) -> Detector:
        return photo_detector(self._settings)


class LazyEmbedder:
    """The embedding model.

    Args:
        settings: what it is built by.
        resolved: its files.
    """

    def __init__(self, settings: Settings, resolved: ResolvedModel) -> None:
        self.model, self.spec = resolved.fingerprint, resolved.spec
        self._settings, self._resolved = settings, resolved

    def embed(self, faces: AlignedFaces) -> Embeddings:
        """See ``protocols.Embedder``; raises ``EngineError`` if it cannot be loaded."""
        return self._loaded.embed(faces)

    @cached_property
    def _loaded(self) -> Embedder:
        return embedder(self._settings, self._resolved)
