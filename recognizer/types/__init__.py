"""What flows through the application: one frozen, shape-checked type per stage.

Rows are aligned: row i of every field of a value speaks of the same face. ``len(x) == 0`` is the one test for empty,
``x[mask]`` or ``x[indices]`` picks rows of all fields at once, ``T.empty()`` has no rows. Arrays are float32 unless
said otherwise; pictures are uint8.
"""

from recognizer.types.arrays import CROP_SIZE_PX, EMBEDDING_SIZE, F32, I64, U8
from recognizer.types.faces import (
    AlignedFaces,
    ClassScores,
    DetectionMode,
    DetectionTrigger,
    Embeddings,
    FaceDetections,
    FaceQuality,
    RefinedFaces,
    Tracks,
)
from recognizer.types.frame import CropSource, Decoded, DistantPicture, Frame, PictureNeed, Planes
from recognizer.types.identities import Event, EventKind, FrameResult, Identity, Matches, Samples, Status, Templates
from recognizer.types.rows import Rows, require
from recognizer.types.sources import SourceChange, SourceState

__all__ = [
    "CROP_SIZE_PX",
    "EMBEDDING_SIZE",
    "F32",
    "I64",
    "U8",
    "AlignedFaces",
    "ClassScores",
    "CropSource",
    "Decoded",
    "DetectionMode",
    "DetectionTrigger",
    "DistantPicture",
    "Embeddings",
    "Event",
    "EventKind",
    "FaceDetections",
    "FaceQuality",
    "Frame",
    "FrameResult",
    "Identity",
    "Matches",
    "PictureNeed",
    "Planes",
    "RefinedFaces",
    "Rows",
    "Samples",
    "SourceChange",
    "SourceState",
    "Status",
    "Templates",
    "Tracks",
    "require",
]
