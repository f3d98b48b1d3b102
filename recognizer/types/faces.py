"""Faces, stage by stage: detected, tracked, aligned, embedded, classified.

Rows are aligned: row i of every field of a value describes the same face.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recognizer.types.arrays import CROP_SIZE_PX, EMBEDDING_SIZE, F32, I64, U8
from recognizer.types.rows import Rows, require


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetections(Rows):
    """Faces found in one picture."""

    boxes: F32
    """(N, 4) x1, y1, x2, y2 px; may reach beyond the picture."""
    scores: F32
    """(N,) detector score in [0, 1]."""
    landmarks: F32
    """(N, 5, 2) px: left eye, right eye, nose, left mouth corner, right mouth corner, as the viewer sees them."""

    def __post_init__(self) -> None:
        require(self, "boxes", self.boxes, np.float32, (None, 4))
        require(self, "scores", self.scores, np.float32, (None,))
        require(self, "landmarks", self.landmarks, np.float32, (None, 5, 2))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No faces."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))


class DetectionMode(enum.Enum):
    """How much work a detection does: the more, the fewer faces it misses."""

    FAST = "fast"
    """Proposals of a small net in place of P-Net's pyramid: about 30 times as fast as facenet-pytorch's MTCNN."""
    FULL = "full"
    """The same from half the proposal score: about 20 times as fast, and misses fewer faces."""
    EXACT = "exact"
    """MTCNN with P-Net's whole pyramid: the faces that facenet-pytorch finds, about 4 times as fast."""


class DetectionTrigger(enum.Enum):
    """Whether to detect in a frame, and why; false when not."""

    NOT_DUE = "not due"
    DUE = "due"
    FULL_DUE = "a full detection is due"
    LOSS = "a track was lost"
    CUT = "shot cut"

    def __bool__(self) -> bool:
        return self is not DetectionTrigger.NOT_DUE

    @property
    def mode(self) -> DetectionMode:
        """Full when it is due, and after a cut, where every face is new; else fast."""
        full = self in (DetectionTrigger.FULL_DUE, DetectionTrigger.CUT)
        return DetectionMode.FULL if full else DetectionMode.FAST


@dataclass(frozen=True, slots=True, eq=False)
class RefinedFaces(Rows):
    """Faces refined from rough boxes, in the order of those."""

    boxes: F32
    """(N, 4) x1, y1, x2, y2 px."""
    scores: F32
    """(N,) face score in [0, 1]; 0 where no pixel of the box is in the picture."""
    landmarks: F32
    """(N, 5, 2) px."""
    verified: NDArray[np.bool_]
    """(N,) whether the detector's own last net scored the face; others were only followed."""

    def __post_init__(self) -> None:
        require(self, "boxes", self.boxes, np.float32, (None, 4))
        require(self, "scores", self.scores, np.float32, (None,))
        require(self, "landmarks", self.landmarks, np.float32, (None, 5, 2))
        require(self, "verified", self.verified, np.bool_, (None,))
        self._require_aligned()

    @classmethod
    def of(cls, faces: FaceDetections, *, verified: NDArray[np.bool_] | bool) -> Self:
        """The same faces, all of them verified or not, or (N,) bool."""
        mask = np.full(len(faces), verified) if isinstance(verified, bool) else verified
        return cls(faces.boxes, faces.scores, faces.landmarks, mask)

    @classmethod
    def empty(cls) -> Self:
        """Nothing to refine."""
        return cls.of(FaceDetections.empty(), verified=True)


@dataclass(frozen=True, slots=True, eq=False)
class Tracks(Rows):
    """Faces followed through time, as they stand in one frame.

    >>> two = Tracks(
    ...     ids=np.array([3, 4]),
    ...     boxes=np.array([[0, 0, 80, 100], [200, 0, 280, 100]], np.float32),
    ...     landmarks=np.zeros((2, 5, 2), np.float32),
    ...     scores=np.array([0.99, 0.8], np.float32),
    ...     detection_index=np.array([0, -1]),
    ...     verified=np.array([True, False]),
    ... )
    >>> two[two.verified].ids.tolist()
    [3]
    """

    ids: I64
    """(T,) int64, never used again within a source."""
    boxes: F32
    """(T, 4) x1, y1, x2, y2 px."""
    landmarks: F32
    """(T, 5, 2) px."""
    scores: F32
    """(T,) face score in this frame, in [0, 1]."""
    detection_index: I64
    """(T,) row of the frame's detections that the track was seen at; -1 when it was followed, not detected."""
    verified: NDArray[np.bool_]
    """(T,) True where the detector itself saw the face in this frame: others were followed, or carried on."""

    def __post_init__(self) -> None:
        require(self, "ids", self.ids, np.int64, (None,))
        require(self, "boxes", self.boxes, np.float32, (None, 4))
        require(self, "landmarks", self.landmarks, np.float32, (None, 5, 2))
        require(self, "scores", self.scores, np.float32, (None,))
        require(self, "detection_index", self.detection_index, np.int64, (None,))
        require(self, "verified", self.verified, np.bool_, (None,))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No tracks."""
        none = FaceDetections.empty()
        numbers = np.zeros(0, np.int64)
        return cls(numbers, none.boxes, none.landmarks, none.scores, numbers, np.zeros(0, bool))


@dataclass(frozen=True, slots=True, eq=False)
class FaceQuality(Rows):
    """What may make a face hard to recognise, part by part."""

    eyes_px: F32
    """(K,) distance between the eyes in the picture, px."""
    sharpness: F32
    """(K,) of the aligned crop, in its least sharp direction, relative to its contrast (`recognizer.align`)."""
    yaw_deg: F32
    """(K,) head turned sideways, degrees in [-90, 90], from the landmarks; 0 looks into the camera."""
    roll_deg: F32
    """(K,) head tilted, degrees in [-180, 180], from the eyes and the way from them to the mouth."""
    score: F32
    """(K,) detector score in [0, 1]."""

    def __post_init__(self) -> None:
        for name in ("eyes_px", "sharpness", "yaw_deg", "roll_deg", "score"):
            require(self, name, getattr(self, name), np.float32, (None,))
        self._require_aligned()

    @classmethod
    def empty(cls) -> Self:
        """No faces."""
        return cls(*(np.zeros(0, np.float32) for _ in range(5)))

    @classmethod
    def of(cls, eyes_px: float, sharpness: float, yaw_deg: float, roll_deg: float, score: float) -> Self:
        """One face, in plain numbers."""
        return cls(*(np.array([part], np.float32) for part in (eyes_px, sharpness, yaw_deg, roll_deg, score)))

    def numbers(self, row: int = 0) -> tuple[float, float, float, float, float]:
        """Eyes px, sharpness, yaw and roll in degrees, and score of one face, as ``of`` takes them."""
        parts = (self.eyes_px, self.sharpness, self.yaw_deg, self.roll_deg, self.score)
        eyes_px, sharpness, yaw_deg, roll_deg, score = (float(part[row]) for part in parts)
        return eyes_px, sharpness, yaw_deg, roll_deg, score

    def as_dict(self, row: int = 0) -> dict[str, float]:
        """The parts of one face by name, rounded for JSON."""
        eyes_px, sharpness, yaw_deg, roll_deg, score = self.numbers(row)
        return {
            "eyes_px": round(eyes_px, 1),
            "sharpness": round(sharpness, 1),
            "yaw_deg": round(yaw_deg, 1),
            "roll_deg": round(roll_deg, 1),
            "score": round(score, 4),
        }


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFaces(Rows):
    """Faces cut out as the embedder declares."""

    crops: U8
    """(K, S, S, 3) uint8 RGB; S is 112 for nearly every network."""
    quality: FaceQuality
    """(K) rows."""

    def __post_init__(self) -> None:
        side = self.crops.shape[1] if getattr(self.crops, "ndim", 0) == 4 else CROP_SIZE_PX
        require(self, "crops", self.crops, np.uint8, (None, side, side, 3))
        self._require_aligned()

    @classmethod
    def empty(cls, size_px: int = CROP_SIZE_PX) -> Self:
        """No faces."""
        crops = np.zeros((0, size_px, size_px, 3), np.uint8)
        return cls(crops, FaceQuality.empty())

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, one after the other; a single part is not copied."""
        if len(parts) == 1:
            return parts[0]
        names = [f.name for f in fields(FaceQuality)]
        quality = FaceQuality(*(np.concatenate([getattr(part.quality, name) for part in parts]) for name in names))
        crops = np.concatenate([part.crops for part in parts])
        return cls(crops, quality)


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings(Rows):
    """Faces as vectors of one model."""

    vectors: F32
    """(K, D) of unit length; D is 512 for nearly every network."""
    norms: F32
    """(K,) length before normalisation; a measure of quality for MagFace, not for EdgeFace."""
    model: str
    """Fingerprint of the model; only vectors of equal fingerprints may be compared."""

    def __post_init__(self) -> None:
        require(self, "vectors", self.vectors, np.float32, (None, None))
        require(self, "norms", self.norms, np.float32, (None,))
        self._require_aligned()

    @classmethod
    def empty(cls, model: str, dimension: int = EMBEDDING_SIZE) -> Self:
        """No vectors of ``model``."""
        return cls(np.zeros((0, dimension), np.float32), np.zeros(0, np.float32), model)


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores(Rows):
    """Which people of its training data a classifier takes faces for."""

    classes: I64
    """(K, B) int64 numbers of the likeliest classes, the first first."""
    probabilities: F32
    """(K, B) of those classes, softmax over all classes."""

    def __post_init__(self) -> None:
        require(self, "classes", self.classes, np.int64, (None, None))
        require(self, "probabilities", self.probabilities, np.float32, (None, None))
        self._require_aligned()

    @classmethod
    def empty(cls, best: int) -> Self:
        """No faces."""
        return cls(np.zeros((0, best), np.int64), np.zeros((0, best), np.float32))
